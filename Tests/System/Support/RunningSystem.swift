import Conveyor
import Fixtures
import FoundationEssentials
import Glibc
import Shop
import Synchronization
import Topology
import Transfer

/// Conveyor as in production, for tests that harm it: each part is a supervised process, with its own broker and database, and doubles of Stripe
/// and the mail server. The tests of the process share it, harm it one after the other and leave it well.
final class RunningSystem: Sendable {
    private static let sharedSystem = Task { try await RunningSystem() }

    static func shared() async throws -> RunningSystem { try await self.sharedSystem.value }

    /// The parts by name; the recorder is a command of the operator's tool.
    static let parts = Topology.workers.map { "\($0.name)-worker" } + ["recorder", "ingress"]
    /// The limit of waiting messages, above what the customers alone cause.
    static let queueLimit = 400
    private static let administrator = "admin@example.com"

    let broker: PrivateBroker
    let server: PrivatePostgres
    let host: VirtualHost
    let database: TestDatabase
    let stripe: StripeControl
    let mail: MailSink
    let frontend: Frontend
    /// The token of a member of the staff.
    let staff: String
    /// One token per customer.
    let customers: [String]
    /// The account of one of them.
    let buyer: ID
    /// Ids of products with plenty of stock.
    let products: [String]
    private let processes: [String: SupervisedProcess]
    private let settings: [String: String]
    private let orders = Mutex<Set<String>>([])

    private init() async throws {
        (self.broker, self.server) = (try await PrivateBroker.started(), try await PrivatePostgres.started())
        self.database = try await self.server.createDatabase(migrations: .shop)
        self.host = try await self.broker.newVirtualHost()
        let port = try Port.free()
        self.stripe = try await StripeControl(StripeDoubleProcess(webhookURL: "http://127.0.0.1:\(port)/api/v1/webhooks/stripe"))
        self.mail = try await MailSink()
        let shared = [
            "AMQP_URL": self.host.amqpURL, "RABBITMQ_API": self.host.apiURL, "ENVIRONMENT": "test", "LOG_FORMAT": "json", "LOG_SAMPLE": "1",
            "SECRET_KEY": "a key of the tests that is long enough to be one", "ACCESS_TOKEN_EXPIRE_MINUTES": "1440", "RATE_LIMIT": "off",
            "STRIPE_SECRET_KEY": StripeDoubleProcess.secretKey, "STRIPE_PUBLISHABLE_KEY": StripeDoubleProcess.publishableKey,
            "STRIPE_WEBHOOK_SECRET": StripeDoubleProcess.webhookSecret, "STRIPE_API_BASE": self.stripe.url, "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": String(self.mail.port), "SMTP_TLS": "none", "EMAIL_FROM": "shop@example.com", "ADMIN_EMAIL": Self.administrator,
            "PORT": String(port),
            // As many attempts as there are faults, none of which waits for minutes.
            "RETRY_DELAYS": "1,2,3,4,5,6,7,8",
            "QUEUE_LIMIT": String(Self.queueLimit),
        ]
        self.settings = shared.merging(["DATABASE_URL": self.database.url]) { $1 }
        try await ChildProcess.run(Repository.executable("conveyor"), ["topology", "apply"], environment: self.settings)
        try await self.host.provisionUsers()
        var processes: [String: SupervisedProcess] = [:]
        for part in Self.parts {
            let isRecorder = part == "recorder"
            let role = part.hasSuffix("-worker") ? String(part.dropLast("-worker".count)) : part
            processes[part] = try await SupervisedProcess(
                Repository.executable(isRecorder ? "conveyor" : part), isRecorder ? ["record"] : [],
                environment: shared.merging([
                    "DATABASE_URL": self.database.url(as: role), "AMQP_URL": self.host.amqpURL(as: role), "RABBITMQ_API": self.host.apiURL(as: role),
                ]) { $1 }, readyWhenItSays: #""message":"ready""#)
        }
        self.processes = processes
        self.frontend = try Frontend(port: port, stripe: self.stripe)

        let folder = try Scratch.folder("shop")
        let (tokens, products) = (folder.appending(path: "tokens").path, folder.appending(path: "products").path)
        let sample = [
            "sample", "load", "--products", "20", "--users", "200", "--stock", "1000000", "--tokens-file", tokens, "--products-file", products,
        ]
        try await ChildProcess.run(Repository.executable("conveyor"), sample, environment: self.settings)
        self.customers = try Self.lines(of: tokens)
        self.products = try Self.lines(of: products)
        guard let buyer = try await self.database.value("select id from users where email = 'user1@example.com'").flatMap({ ID($0) }) else {
            throw FixtureError("the sample has no customer")
        }
        self.buyer = buyer
        self.staff = try await ChildProcess.run(
            Repository.executable("conveyor"), ["users", "token", Self.administrator], environment: self.settings
        ).split(separator: "\n").joined()
    }

    private static func lines(of file: String) throws -> [String] {
        try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    // MARK: Parts

    func part(_ name: String) throws -> SupervisedProcess {
        guard let process = self.processes[name] else { throw FixtureError("no part \(name)") }
        return process
    }

    /// The operator's tool. Throws its output unless it exits with 0.
    @discardableResult
    func conveyor(_ arguments: String...) async throws -> String {
        try await ChildProcess.run(Repository.executable("conveyor"), arguments, environment: self.settings, within: .seconds(120))
    }

    /// The output of `conveyor verify`, whether or not the books balance.
    @discardableResult func auditReport(_ options: String...) async throws -> String {
        let audit = try ChildProcess(Repository.executable("conveyor"), ["verify", "--json"] + options, environment: self.settings)
        let exit = try await audit.waitForExit(within: .seconds(120))
        guard exit == .status(0) || exit == .status(1) && !audit.standardOutput.isEmpty else {
            throw FixtureError("conveyor verify: \(audit.output)")
        }
        return audit.standardOutput
    }

    /// Pauses a worker, as an operator would, and waits until it takes no messages.
    func pause(_ queue: String) async throws {
        try await self.conveyor("pause", queue)
        try await eventually("\(queue)-worker takes nothing", within: .seconds(60), every: .milliseconds(100)) {
            try await self.host.consumers(queue).isEmpty
        }
    }

    func resume(_ queue: String) async throws { try await self.conveyor("resume", queue) }

    // MARK: Orders

    /// Accepted orders, by the ids that customers received.
    var accepted: Set<String> { self.orders.withLock { $0 } }

    func note(accepted order: String) { self.orders.withLock { _ = $0.insert(order) } }

    /// A customer places an order.
    func place(_ lines: [OrderLine], by customer: String) async throws -> Accepted {
        let accepted = try await self.frontend.write("/orders", NewOrder(items: lines, shippingAddress: .ofTests), by: customer)
        self.note(accepted: accepted.resource.id)
        return accepted
    }

    /// A customer changes their name, perhaps in two windows at once: then the first accepted change may come too late.
    func rename(_ customer: String) async throws {
        let renamed = try await self.frontend.write("/users/me", ["full_name": UUID().uuidString], by: customer, method: .patch)
        let operation = try await self.frontend.ended(renamed, by: customer)
        guard operation.status == "succeeded" || operation.problem?.code == "superseded" else {
            throw FixtureError("the account was not changed: \(operation)")
        }
    }

    /// One unit of each of two products.
    func lines() throws -> [OrderLine] {
        try self.products.shuffled().prefix(2).map { product in
            guard let id = ID(product) else { throw FixtureError("\(product) is no id") }
            return OrderLine(productID: id, quantity: 1)
        }
    }

    /// Everything that a customer does: changes the account, places an order, pays it at Stripe, and gets an e-mail. This involves every part but the
    /// recorder.
    func goAllTheWay() async throws {
        let customer = self.customers[0]
        try await self.rename(customer)
        let order = try await self.place(try self.lines(), by: customer)
        try await self.frontend.pay(order, by: customer)
        try await eventually("the e-mail about order \(order.resource.id)", within: .seconds(120), every: .milliseconds(50)) {
            try await self.database.value("select count(*) from emails where subject = '\(order.resource.id)'") == "1"
        }
    }
}

extension Address {
    static let ofTests = Address(name: "Ada Lovelace", line1: "12 St James's Square", city: "London", postalCode: "SW1Y 4JH", country: "GB")
}
