import Conveyor
import FoundationEssentials
import Postgres
import RabbitMQ
import Shop
import Transfer

/// Checks everything that Conveyor depends on, one after the other, even after failures.
struct Doctor: Sendable {
    let settings: Settings
    let desk: Desk

    /// All results, in order of importance.
    func examine() async -> [Diagnosis] {
        var findings = self.examineSettings() + Self.examineLibraries()
        let database = await self.examineDatabase()
        findings += database
        findings += await self.examineBroker(hasDatabase: !database.contains { $0.check == "database" && $0.verdict == .failed })
        findings += await self.examineNeighbours()
        return findings
    }

    // MARK: Settings and libraries

    private func examineSettings() -> [Diagnosis] {
        do {
            let environment = try self.settings.environment()
            var missing: [String] = []
            for setting: Setting in ["DATABASE_URL", "RABBITMQ_API", "SECRET_KEY", "STRIPE_SECRET_KEY"]
            where !self.settings.isSet(setting) {
                missing.append(setting.name)
            }
            if !self.settings.isSet("AMQP_URL"), !self.settings.isSet("AMQP_URLS") { missing.append("AMQP_URL") }
            _ = try RetryLadder(self.settings)
            if self.settings.isSet("STRIPE_SECRET_KEY") { _ = try self.settings.stripeSecretKey() }
            if self.settings.isSet("STRIPE_PUBLISHABLE_KEY") { _ = try self.settings.stripePublishableKey() }
            if missing.contains(where: { ["DATABASE_URL", "AMQP_URL", "RABBITMQ_API"].contains($0) }) {
                return [
                    .failed(
                        "settings", "\(missing.joined(separator: ", ")) not set",
                        "pass --env-file FILE (in a checkout .local/env), or set them; see --help")
                ]
            }
            if !missing.isEmpty {
                return [
                    .warning(
                        "settings", "\(missing.joined(separator: ", ")) not set", "set them, where the parts that need them take theirs from here")
                ]
            }
            return [.ok("settings", environment.rawValue)]
        } catch {
            return [.failed("settings", "\(error)", "set it right; see --help for what it is")]
        }
    }

    private static func examineLibraries() -> [Diagnosis] {
        let rabbit = BrokerConfiguration.libraryVersion
        let (curl, tls) = HTTPClient.libraryVersion
        let libpq = PostgresPool.libraryVersion
        let detail =
            "librabbitmq \(rabbit), libpq \(libpq / 10_000).\(libpq % 10_000), libcurl \(curl) with \(tls), conveyor \(ConveyorVersion.current)"
        // Pipelines came with libpq 14, CURLOPT_PROTOCOLS_STR with libcurl 7.85.
        guard Version(rabbit) >= Version("0.11"), libpq >= 140_000, Version(curl) >= Version("7.85") else {
            return [
                .failed("libraries", detail, "Conveyor needs librabbitmq 0.11, libpq 14 and libcurl 7.85 or later: upgrade the system's packages")
            ]
        }
        return [.ok("libraries", detail)]
    }

    // MARK: Services

    /// The services that Conveyor calls, and the ports on this machine.
    private func examineNeighbours() async -> [Diagnosis] {
        var findings: [Diagnosis] = []
        let client = try? HTTPClient(userAgent: "conveyor/\(ConveyorVersion.current)", caFile: self.settings.string("TLS_CA_FILE"))
        guard let client else { return [.failed("TLS_CA_FILE", "cannot be read, or holds no certificate", "name a file of PEM certificates")] }
        if let key = self.settings.string("STRIPE_SECRET_KEY"), let base = self.settings.string("STRIPE_API_BASE") {
            findings.append(await self.examineStripe(client, base, key))
        }
        if let host = self.settings.string("SMTP_HOST"), let port = try? self.settings.int("SMTP_PORT", in: 1...65_535) {
            if let reason = await TCPProbe.failure(host: host, port: port) {
                findings.append(
                    .failed("mail server", "\(host):\(port): \(reason)", "e-mails are retried for some hours: correct SMTP_HOST or repair the server")
                )
            } else {
                findings.append(.ok("mail server", "\(host):\(port) accepts connections"))
            }
        }
        if let host = self.settings.string("HOST"), self.settings.isSet("PORT"), let port = try? self.settings.int("PORT", in: 1...65_535) {
            findings.append(await self.examineIngress(client, host, port))
        }
        return findings
    }

    private func examineStripe(_ client: HTTPClient, _ base: String, _ key: String) async -> Diagnosis {
        do {
            let response = try await client.send(
                HTTPRequest(url: base + "/v1/events?limit=1", headers: ["Authorization": "Bearer \(key)"], timeout: .seconds(10)))
            switch response.status {
            case 200: return .ok("Stripe", "\(base) takes the key")
            case 401, 403:
                return .failed("Stripe", "\(base) refuses the key (\(response.status))", "set STRIPE_SECRET_KEY to a key of this account and mode")
            default: return .warning("Stripe", "\(base) answers \(response.status)", "see https://status.stripe.com; payments are retried meanwhile")
            }
        } catch {
            return .failed("Stripe", "\(base): \(error)", "payments are retried meanwhile: repair the network or correct STRIPE_API_BASE")
        }
    }

    private func examineIngress(_ client: HTTPClient, _ host: String, _ port: Int) async -> Diagnosis {
        let scheme = self.settings.isSet("TLS_CERT") ? "https" : "http"
        let url = "\(scheme)://\(host):\(port)/health/ready"
        do {
            let response = try await client.send(HTTPRequest(url: url, timeout: .seconds(5)))
            let text = String(decoding: response.body.prefix(300), as: UTF8.self).onOneLine
            guard response.status == 200 else { return .failed("ingress", "\(url) answers \(response.status): \(text)", "look into its log") }
            return .ok("ingress", "\(url) is ready")
        } catch {
            return .failed("ingress", "\(url): \(error)", "start it, or look into its log; writes and reads go nowhere meanwhile")
        }
    }
}

/// A version of numbers and dots, for comparison.
struct Version: Comparable, Sendable {
    private let numbers: [Int]

    init(_ text: String) {
        self.numbers = text.prefix { $0.isNumber || $0 == "." }.split(separator: ".").map { Int($0) ?? 0 }
    }

    static func < (left: Version, right: Version) -> Bool { left.numbers.lexicographicallyPrecedes(right.numbers) }
}
