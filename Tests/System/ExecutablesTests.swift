import Conveyor
import Fixtures
import Testing
import Topology

/// The start of every executable, before it connects to a server.
@Suite struct ExecutablesTests {
    static let workers = Topology.workers.map { "\($0.name)-worker" }

    private func run(_ name: String, _ arguments: String..., settings: [String: String] = [:]) throws -> ChildProcess {
        try ChildProcess(Repository.executable(name), arguments, environment: settings, inherits: false)
    }

    @Test(arguments: Self.workers) func `version and help exit with 0, wrong usage with 64`(name: String) async throws {
        let version = try self.run(name, "--version")
        #expect(try await version.waitForExit() == .status(0))
        #expect(version.standardOutput == ConveyorVersion.current + "\n")
        let help = try self.run(name, "--help")
        #expect(try await help.waitForExit() == .status(0))
        #expect(help.standardOutput.contains("DATABASE_URL"))
        #expect(try await self.run(name, "--no-such-option").waitForExit() == .status(64))
    }

    /// Enough settings to start, but no servers.
    static let settings = [
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing", "AMQP_URL": "amqp://127.0.0.1:1", "RABBITMQ_API": "http://a:b@127.0.0.1:1",
        "START_TIMEOUT": "1", "SECRET_KEY": "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c", "STRIPE_SECRET_KEY": "sk_test_1",
        "STRIPE_PUBLISHABLE_KEY": "pk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "1",
        "EMAIL_FROM": "shop@example.com", "CONSOLE_TOKEN": "8a1c3f5e7b9d0246", "SMS_ACCOUNT_SID": "AC1",
        "SMS_AUTH_TOKEN": "1", "SMS_FROM": "+15550006789",
    ]

    static let malformed: [(String, [String], String, String)] = [
        ("ingress", [], "DATABASE_READ_URL", "postgresql://user:hunter2@host:99999/shop"), ("ingress", [], "PORT", "hunter2"),
        ("ingress", [], "TLS_CERT", "/no/such/hunter2"), ("ingress", [], "BACKEND_CORS_ORIGINS", "hunter2"),
        ("ingress", [], "TRUSTED_PROXIES", "hunter2"), ("ingress", [], "RATE_LIMIT_AUTH", "hunter2"), ("ingress", [], "SECRET_KEY", "hunter2"),
        ("ingress", [], "ALGORITHM", "hunter2"), ("ingress", [], "ACCESS_TOKEN_EXPIRE_MINUTES", "0"), ("ingress", [], "CURRENCY", "hunter2"),
        ("conveyor", ["record"], "INBOX_RETENTION_DAYS", "hunter2"), ("conveyor", ["record"], "AMQP_URLS", "amqp://user:hunter2@host:99999"),
        ("conveyor", ["console"], "CONSOLE_PORT", "hunter2"), ("orders-worker", [], "PAYMENT_WINDOW_MINUTES", "0"),
        ("orders-worker", [], "RETRY_DELAYS", "5,hunter2"), ("orders-worker", [], "CONCURRENCY", "hunter2"),
        ("orders-worker", [], "TLS_CA_FILE", "/no/such/hunter2"), ("orders-worker", [], "LOG_LEVEL", "hunter2"),
        ("inventory-worker", [], "LOW_STOCK_THRESHOLD", "hunter2"), ("inventory-worker", [], "CURRENCY", "hunter2"),
        ("payments-worker", [], "STRIPE_SECRET_KEY", "hunter2"), ("payments-worker", [], "STRIPE_PUBLISHABLE_KEY", "sk_live_hunter2"),
        ("payments-worker", [], "STRIPE_PUBLISHABLE_KEY", "pk_live_hunter2"), ("ingress", [], "STRIPE_PUBLISHABLE_KEY", "pk_live_hunter2"),
        ("ingress", [], "STRIPE_PUBLISHABLE_KEY", "hunter2"),
        ("payments-worker", [], "STRIPE_API_BASE", "hunter2"), ("payments-worker", [], "STRIPE_BACKFILL_SECONDS", "0"),
        ("email-worker", [], "SMTP_PORT", "hunter2"), ("email-worker", [], "SMTP_TLS", "hunter2"), ("email-worker", [], "EMAIL_FROM", "hunter2"),
        ("email-worker", [], "SHOP_URL", "hunter2"), ("email-worker", [], "SMS_API_BASE", "hunter2"),
        ("accounts-worker", [], "SENTRY_DSN", "hunter2"), ("accounts-worker", [], "OTEL_EXPORTER_OTLP_ENDPOINT", "hunter2"),
    ]

    @Test(arguments: Self.malformed) func `a malformed setting exits with 78 and one line that names it, without its value`(
        name: String, arguments: [String], setting: String, value: String
    ) async throws {
        let settings = Self.settings.merging([setting: value]) { $1 }
        let process = try ChildProcess(Repository.executable(name), arguments, environment: settings, inherits: false)
        #expect(try await process.waitForExit() == .status(78))
        #expect(process.standardError.filter { $0 == "\n" }.count == 1, "\(process.standardError)")
        #expect(process.standardError.contains(setting))
        #expect(!(process.standardError + process.standardOutput).contains("hunter2"))
    }

    @Test(arguments: Self.workers + ["ingress"]) func `without servers for START_TIMEOUT, it exits with 69`(name: String) async throws {
        let settings = Self.settings.merging(["PORT": "\(try Port.free(1)[0])"]) { $1 }
        let process = try ChildProcess(Repository.executable(name), [], environment: settings, inherits: false)
        #expect(try await process.waitForExit() == .status(69), "\(process.standardError)")
        #expect(process.standardError.filter { $0 == "\n" }.count == 1, "\(process.standardError)")
        #expect(process.standardError.contains("broker") || process.standardError.contains("database"))
    }

    @Test(arguments: Self.workers) func `a missing setting exits with 78 and is named`(name: String) async throws {
        let worker = try self.run(name)
        #expect(try await worker.waitForExit() == .status(78))
        #expect(worker.standardError.hasPrefix("\(name): "))
        #expect(worker.standardError.filter { $0 == "\n" }.count == 1, "\(worker.standardError)")
        #expect(worker.standardError.contains("_URL"))
    }
}
