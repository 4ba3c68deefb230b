import Conveyor
import Fixtures
import FoundationEssentials

/// The addresses of a shop with a frontend.
struct StorefrontFixture: Sendable {
    let url: String
    let apiURL: String
    let stripeURL: String
    /// The folder with every e-mail as a file.
    let mailFolder: String
}

/// The pages of `ops/demo` and everything behind them: ingress, workers, Stripe's double with its webhook, a mail server, and the sample shop, with
/// their own database and virtual host.
func withStorefront<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (StorefrontFixture) async throws -> Result
) async throws -> Result {
    try await withDatabase { database in
        try await withVirtualHost { host in
            try await host.declareShop()
            let ports = try Port.free(2)
            let (api, shop) = ("http://127.0.0.1:\(ports[0])", "http://127.0.0.1:\(ports[1])")
            let mail = try await MailSink()
            let double = try await StripeDoubleProcess(webhookURL: "\(api)/api/v1/webhooks/stripe")

            func settings(_ databaseURL: String, _ more: [String: String] = [:]) -> [String: String] {
                [
                    "DATABASE_URL": databaseURL, "AMQP_URL": host.amqpURL, "RABBITMQ_API": host.apiURL,
                    "ENVIRONMENT": "test", "LOG_FORMAT": "json", "SECRET_KEY": TestShop.secretKey, "SHOP_URL": shop,
                    "STRIPE_SECRET_KEY": StripeDoubleProcess.secretKey, "STRIPE_PUBLISHABLE_KEY": StripeDoubleProcess.publishableKey,
                    "STRIPE_WEBHOOK_SECRET": StripeDoubleProcess.webhookSecret, "STRIPE_API_BASE": double.url, "SMTP_HOST": "127.0.0.1",
                    "SMTP_PORT": String(mail.port), "SMTP_TLS": "none", "EMAIL_FROM": "shop@conveyor.example",
                    "ADMIN_EMAIL": "admin@conveyor.example",
                ].merging(more) { $1 }
            }

            var parts: [ChildProcess] = []
            for part in ["accounts", "inventory", "orders", "payments", "email"] {
                parts.append(
                    try ChildProcess(Repository.executable("\(part)-worker"), environment: settings(database.url(as: part)), inherits: false))
            }
            // All the browser's sign-ins come from one client.
            let own = ["PORT": String(ports[0]), "BACKEND_CORS_ORIGINS": #"["\#(shop)"]"#, "RATE_LIMIT": "off"]
            parts.append(try ChildProcess(Repository.executable("ingress"), environment: settings(database.url(as: "ingress"), own), inherits: false))
            for part in parts { try await part.waits(for: #""message":"ready""#) }
            let pages = try ChildProcess(
                Repository.path + "/ops/demo/serve", ["--port", String(ports[1]), "--api", api, "--stripe", double.url])
            try await pages.waits(for: "listening on")
            let sample = try ChildProcess(
                Repository.executable("conveyor"), ["sample", "load"], environment: settings(database.url), inherits: false)
            guard try await sample.waitForExit(within: .seconds(120)) == .status(0) else { throw FixtureError("no sample shop:\n\(sample.output)") }

            let result = try await body(StorefrontFixture(url: shop, apiURL: api, stripeURL: double.url, mailFolder: mail.folder.path))
            for part in parts {
                let exit = try await part.stop()
                guard exit == .status(0) else { throw FixtureError("ended with \(exit)\n\(part.output.suffix(6000))") }
            }
            // Kept alive until here: a process ends with its last reference.
            for process in [pages, double.process, mail.process] { try await process.stop() }
            return result
        }
    }
}
