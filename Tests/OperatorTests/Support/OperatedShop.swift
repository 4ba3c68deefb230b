import Conveyor
import Fixtures
import FoundationEssentials
import Glibc
import Topology
import Transfer

/// All parts of a shop as real processes, with a Stripe double, a mail server that delivers nothing, and the command line.
final class OperatedShop: Sendable {
    let site: CommandLineSite
    let stripe: StripeDoubleProcess
    let mail: MailSink
    /// All settings that parts share, as in `.local/env`.
    let settings: [String: String]
    private let processes: [(name: String, process: ChildProcess)]
    private let client: HTTPClient

    private static let roles = Topology.workers.map(\.name)

    init(_ site: CommandLineSite) async throws {
        let port = try Port.free()
        let api = "http://127.0.0.1:\(port)"
        try await site.host.provisionUsers()
        self.site = site
        self.stripe = try await StripeDoubleProcess(webhookURL: api + "/api/v1/webhooks/stripe")
        self.mail = try await MailSink()
        self.client = try HTTPClient(userAgent: "conveyor-tests/1")
        self.settings = site.settings.merging([
            "ENVIRONMENT": "test", "LOG_FORMAT": "json", "RATE_LIMIT": "off", "PORT": "\(port)", "CONSOLE_TOKEN": "0f9c3a71be0d4c52a8d1",
            "STRIPE_SECRET_KEY": StripeDoubleProcess.secretKey, "STRIPE_PUBLISHABLE_KEY": StripeDoubleProcess.publishableKey,
            "STRIPE_WEBHOOK_SECRET": StripeDoubleProcess.webhookSecret, "STRIPE_API_BASE": self.stripe.url, "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": "\(self.mail.port)", "SMTP_TLS": "none", "EMAIL_FROM": "The Shop <shop@example.com>", "ADMIN_EMAIL": "admin@example.com",
            "SHOP_URL": "https://shop.example",
        ]) { $1 }
        let settings = self.settings
        func part(_ executable: String, _ role: String, _ arguments: [String] = []) throws -> (name: String, process: ChildProcess) {
            (
                role,
                try ChildProcess(
                    Repository.executable(executable), arguments,
                    environment: settings.merging(site.settings(of: role)) { $1 }.merging([
                        "AMQP_URL": site.host.amqpURL(as: role), "RABBITMQ_API": site.host.apiURL(as: role),
                    ]) { $1 }, inherits: false)
            )
        }
        self.processes =
            try Self.roles.map { try part("\($0)-worker", $0) } + [part("conveyor", "recorder", ["record"]), part("ingress", "ingress")]
        for (_, process) in self.processes { try await process.waits(for: #""message":"ready""#, within: .seconds(60)) }
    }

    /// The command line, with the settings of the shop.
    func conveyor(_ arguments: String..., input: String? = nil) async throws -> CommandLineSite.Call {
        try await self.site.conveyor(arguments, input: input, settings: self.settings)
    }

    /// A call of the shop's API that must succeed. Waits for the operation of a write, unless the caller only wants its acceptance.
    func call(_ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil, token: String, waits: Bool = true) async throws -> JSONValue {
        let url = "http://127.0.0.1:\(self.settings["PORT"] ?? "")/api/v1\(path)"
        var headers: HTTPHeaders = ["Authorization": "Bearer \(token)", "Content-Type": "application/json"]
        if waits { headers["Prefer"] = "wait=30" }
        let response = try await self.client.send(
            HTTPRequest(method, url: url, headers: headers, body: try body.map { try JSON.encode($0) }, timeout: .seconds(60)))
        guard (200...(waits ? 201 : 202)).contains(response.status) else {
            throw FixtureError("\(method.rawValue) \(path): \(response.status) \(String(decoding: response.body, as: UTF8.self))")
        }
        return try JSON.decode(from: response.body)
    }

    /// Pays as the customer's browser does.
    func pay(_ intent: JSONValue) async throws {
        let form = "client_secret=\(intent["client_secret"].string ?? "")&payment_method=pm_card_visa&return_url=https://shop.example"
        let response = try await self.client.send(
            HTTPRequest(
                .post, url: "\(self.stripe.url)/v1/payment_intents/\(intent["payment_intent_id"].string ?? "")/confirm",
                headers: [
                    "Authorization": "Bearer \(StripeDoubleProcess.publishableKey)", "Content-Type": "application/x-www-form-urlencoded",
                ], body: Array(form.utf8)))
        guard response.status == 200 else { throw FixtureError("not paid: \(String(decoding: response.body, as: UTF8.self))") }
    }

    /// Ends all parts; each must exit with status 0.
    func stop() async throws {
        for (_, process) in self.processes { process.signal(SIGTERM) }
        for (name, process) in self.processes {
            let exit = try await process.stop()
            guard exit == .status(0) else { throw FixtureError("\(name) ended with \(exit)\n\(process.output.suffix(4000))") }
        }
    }
}

/// Runs a shop from the readiness of all parts until `body` ends.
func withOperatedShop<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (OperatedShop) async throws -> Result
) async throws -> Result {
    try await withCommandLine { site in
        let shop = try await OperatedShop(site)
        let result = try await body(shop)
        try await shop.stop()
        return result
    }
}
