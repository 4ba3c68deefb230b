import Conveyor
import ConveyorOperator
import Postgres
import Shop
import Topology
import Transfer

/// The shop's additions to `doctor`: its settings, roles and deadlines; Stripe, the mail server and the ingress.
enum ShopChecks {
    static var `extension`: DoctorExtension {
        var checks = DoctorExtension()
        checks.subjects = ["Stripe", "mail server", "ingress"]
        checks.settings = ["SECRET_KEY", "STRIPE_SECRET_KEY"]
        checks.checkSettings = { settings in
            if settings.isSet("STRIPE_SECRET_KEY") { _ = try settings.stripeSecretKey() }
            if settings.isSet("STRIPE_PUBLISHABLE_KEY") { _ = try settings.stripePublishableKey() }
        }
        checks.roles = (["ingress", "recorder"] + Topology.workers.map(\.name)).map { "conveyor_\($0)" }
        checks.publishers = Topology.publishers.keys.map { "conveyor_\($0)" }
        checks.database = { try await self.examineDeadlines($0) }
        checks.services = { await self.examineServices($0, $1) }
        return checks
    }

    private static let late: Statement = "select count(*) from payment_deadlines where due_at < now() - interval '1 minute'"

    private static func examineDeadlines(_ pool: PostgresPool) async throws -> [Diagnosis] {
        let late = try await pool.query(self.late)[0][0, as: Int.self]
        return late == 0
            ? [] : [.failed("payment deadlines", "\(late) have passed without expiry", "is orders-worker running? See its log")]
    }

    private static func examineServices(_ settings: Settings, _ client: HTTPClient) async -> [Diagnosis] {
        var findings: [Diagnosis] = []
        if let key = settings.string("STRIPE_SECRET_KEY"), let base = settings.string("STRIPE_API_BASE") {
            findings.append(await self.examineStripe(client, base, key))
        }
        if let host = settings.string("SMTP_HOST"), let port = try? settings.int("SMTP_PORT", in: 1...65_535) {
            if let reason = await TCPProbe.failure(host: host, port: port) {
                findings.append(
                    .failed("mail server", "\(host):\(port): \(reason)", "e-mails are retried for some hours: correct SMTP_HOST or repair the server")
                )
            } else {
                findings.append(.ok("mail server", "\(host):\(port) accepts connections"))
            }
        }
        if let host = settings.string("HOST"), settings.isSet("PORT"), let port = try? settings.int("PORT", in: 1...65_535) {
            findings.append(await self.examineIngress(client, host, port, isTLS: settings.isSet("TLS_CERT")))
        }
        return findings
    }

    private static func examineStripe(_ client: HTTPClient, _ base: String, _ key: String) async -> Diagnosis {
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

    private static func examineIngress(_ client: HTTPClient, _ host: String, _ port: Int, isTLS: Bool) async -> Diagnosis {
        let url = "\(isTLS ? "https" : "http")://\(host):\(port)/health/ready"
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
