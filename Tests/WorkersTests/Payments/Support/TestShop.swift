import Conveyor
import Fixtures
import FoundationEssentials
import Glibc
import Logging
import Postgres
import RabbitMQ
import Shop
import Synchronization
import Transfer

@testable import Payments

/// The shop's workers as in production, with their own database and broker; only Stripe is a double, and the mail server delivers nothing.
final class TestShop: Sendable {
    let database: TestDatabase
    let host: VirtualHost
    let stripe: StripeAccount
    let mail: MailSink
    /// The superuser's pool, to read and for changes that no part may make.
    let pool: PostgresPool
    private let publisher: Publisher
    private let client: HTTPClient
    private let extra: [String: String]
    private let parts = Mutex<[String: ChildProcess]>([:])

    fileprivate init(
        _ database: TestDatabase, _ host: VirtualHost, _ stripe: StripeAccount, _ mail: MailSink, _ pool: PostgresPool, _ publisher: Publisher,
        _ client: HTTPClient, _ extra: [String: String]
    ) {
        self.database = database
        self.host = host
        self.stripe = stripe
        self.mail = mail
        self.pool = pool
        self.publisher = publisher
        self.client = client
        self.extra = extra
    }

    // MARK: Parts

    /// Starts a worker and waits until it is ready.
    func start(_ name: String, _ more: [String: String] = [:]) async throws {
        let role = name == "recorder" ? name : String(name.prefix { $0 != "-" })
        let settings = [
            "DATABASE_URL": self.database.url(as: role), "AMQP_URL": self.host.amqpURL, "RABBITMQ_API": self.host.apiURL, "LOG_FORMAT": "json",
            "LOG_LEVEL": "debug", "SECRET_KEY": "a-secret-key-of-the-tests-of-64-bytes-that-nobody-else-ever-uses",
            "STRIPE_SECRET_KEY": StripeDoubleProcess.secretKey, "STRIPE_PUBLISHABLE_KEY": StripeDoubleProcess.publishableKey,
            "STRIPE_API_BASE": self.stripe.url, "STRIPE_BACKFILL_SECONDS": "3600", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "\(self.mail.port)",
            "SMTP_TLS": "none", "EMAIL_FROM": "The Shop <shop@example.com>", "ADMIN_EMAIL": "admin@example.com", "SHOP_URL": "https://shop.example",
        ].merging(self.extra) { $1 }.merging(more) { $1 }
        let isRecorder = name == "recorder"
        let part = try ChildProcess(
            Repository.executable(isRecorder ? "conveyor" : name), isRecorder ? ["record"] : [], environment: settings, inherits: false)
        self.parts.withLock { $0[name] = part }
        try await part.waits(for: #""message":"ready""#)
    }

    /// The output of a part so far.
    func output(of name: String) -> String { self.parts.withLock { $0[name]?.output } ?? "" }

    /// Kills a part.
    func kill(_ name: String) async throws { try await self.parts.withLock { $0.removeValue(forKey: name) }?.kill() }

    /// Ends all parts with SIGTERM: they first finish their messages.
    func stop() async throws {
        let parts = self.parts.withLock { parts in
            defer { parts = [:] }
            return parts
        }
        for part in parts.values { part.signal(SIGTERM) }
        for (name, part) in parts {
            let exit = try await part.stop()
            guard exit == .status(0) else { throw FixtureError("\(name) ended with \(exit)\n\(part.output.suffix(4000))") }
        }
    }

    /// The metrics of a part with this `METRICS_PORT`.
    func readiness(_ port: Int) async throws -> (isReady: Bool, text: String) {
        let answer = try await self.client.send(HTTPRequest(url: "http://127.0.0.1:\(port)/health/ready"))
        return (answer.status == 200, String(decoding: answer.body, as: UTF8.self))
    }

    // MARK: Messages

    /// Publishes a message and returns its id.
    @discardableResult
    func send<Payload: Message>(_ payload: Payload, id: ID? = nil, by actor: String = "system") async throws -> ID {
        let now = Clock.milliseconds()
        let id = id ?? ID.v7(milliseconds: UInt64(now))
        let envelope = Envelope(messageID: id, type: Payload.type, actor: actor, schema: payload.version, sentAt: now)
        let outgoing = try Outgoing(payload, envelope: envelope, appID: "tests")
        // A broker on a loaded machine may take longer than the publisher waits; the same message twice counts once.
        try await eventually("the broker to take \(Payload.type)") {
            do {
                try await self.publisher.publish(outgoing)
                return true
            } catch PublishFailure.notConfirmed {
                return false
            }
        }
        return id
    }

    /// The result of an operation.
    struct Ending: Sendable {
        var outcome: String
        var result: JSONValue?
        var code: String?
    }

    /// Waits until an operation has ended.
    func ended(_ id: ID, within time: Duration = .seconds(60)) async throws -> Ending {
        try await eventualValue("operation \(id) to end\n\(self.output(of: "payments-worker").suffix(3000))", within: time) {
            let rows = try await self.pool.query(
                "select outcome, result::text, problem ->> 'code' from inbox where correlation_id = $1 and decides", id)
            return try rows.decode((String, String?, String?).self).first.map { outcome, result, code in
                Ending(outcome: outcome, result: try result.map { try JSON.decode(JSONValue.self, from: Array($0.utf8)) }, code: code)
            }
        }
    }
}

/// Runs a shop with these parts from their readiness until `body` ends.
/// - Parameter mail: the mail server; by default a new one, without TLS and login.
func withShop<Result>(
    _ parts: [String] = ["payments-worker", "orders-worker", "inventory-worker", "email-worker"], settings: [String: String] = [:],
    mail: MailSink? = nil, isolation: isolated (any Actor)? = #isolation, _ body: (TestShop) async throws -> Result
) async throws -> Result {
    try await Turns.ofShops.take {
        try await withDatabase { database in
            try await withVirtualHost { host in
                try await host.declareShop()
                let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
                let stripe = try await StripeAccount()
                let mail = if let mail { mail } else { try await MailSink() }
                let pool = try PostgresPool(url: database.url, size: 3, applicationName: "tests", statementTimeout: .seconds(30), logger: logger)
                let publisher = Publisher(configuration: try BrokerConfiguration(urls: host.amqpURL, connectionName: "tests"), logger: logger)
                let running = Task { try await publisher.run() }
                defer { running.cancel() }
                try await eventually("the broker") { publisher.isConnected }
                let shop = TestShop(database, host, stripe, mail, pool, publisher, try HTTPClient(userAgent: "tests"), settings)
                let result: Result
                do {
                    for part in parts { try await shop.start(part) }
                    result = try await body(shop)
                    try await shop.stop()
                } catch {
                    await pool.close()
                    throw error
                }
                await pool.close()
                return result
            }
        }
    }
}

extension Turns {
    /// Each has up to six processes.
    static let ofShops = Turns(2)
}
