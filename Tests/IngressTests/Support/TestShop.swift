import Conveyor
import Fixtures
import FoundationEssentials
import Identity
import Shop
import Synchronization
import Testing

/// A shop with two ingresses and all workers but email-worker, with its own virtual host and database. All tests of the process share it, so each
/// creates its own users and products.
final class TestShop: Sendable {
    private static let sharedShop = Task { try await TestShop() }

    static func shared() async throws -> TestShop { try await self.sharedShop.value }

    static let password = "correct horse battery staple"
    static let secretKey = "a key of the tests that is long enough to be one"

    let database: TestDatabase
    let host: VirtualHost
    /// Two ingresses: a test writes through one and reads through the other.
    let api: API
    let other: API
    private let processes: [ChildProcess]
    /// Stripe's double.
    let double: StripeDoubleProcess
    private let staffToken: Task<String, any Error>

    /// An address that no other test uses.
    init() async throws {
        self.database = try await PrivatePostgres.shared().createDatabase(migrations: .shop)
        self.host = try await PrivateBroker.shared().newVirtualHost()
        try await self.host.declareShop()
        try await self.host.provisionUsers()
        self.double = try await StripeDoubleProcess()
        let (database, host, double) = (self.database, self.host, self.double)
        var processes: [ChildProcess] = []
        for part in ["accounts", "inventory", "orders", "payments", "webhooks"] {
            processes.append(
                try ChildProcess(
                    Repository.executable("\(part)-worker"), environment: Self.settings(part, database, host, double), inherits: false))
        }
        var apis: [API] = []
        for port in try Port.free(2) {
            processes.append(try Self.ingress(port: port, Self.settings("ingress", database, host, double)))
            apis.append(try API(port: port))
        }
        for process in processes { try await process.waits(for: #""message":"ready""#) }
        self.processes = processes
        (self.api, self.other) = (apis[0], apis[1])
        let api = self.api
        // Only this account is created through the API; all others share its password, since hashing takes most of a test's time.
        self.staffToken = Task {
            let staff = try await api.register("staff@shop.example")
            try await database.psql("update users set is_superuser = true where id = '\(staff.id)'")
            return try await Self.token(of: staff.id)
        }
    }

    private static func settings(
        _ part: String, _ database: TestDatabase, _ host: VirtualHost, _ double: StripeDoubleProcess
    ) -> [String: String] {
        [
            "DATABASE_URL": database.url(as: part), "AMQP_URL": host.amqpURL(as: part), "RABBITMQ_API": host.apiURL(as: part), "ENVIRONMENT": "test",
            "LOG_FORMAT": "json", "SECRET_KEY": self.secretKey, "RATE_LIMIT": "off", "STRIPE_SECRET_KEY": StripeDoubleProcess.secretKey,
            "STRIPE_PUBLISHABLE_KEY": StripeDoubleProcess.publishableKey, "STRIPE_WEBHOOK_SECRET": StripeDoubleProcess.webhookSecret,
            "STRIPE_API_BASE": double.url, "VAPID_PRIVATE_KEY": "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
            "VAPID_SUBJECT": "mailto:shop@shop.example",
        ]
    }

    private static func ingress(port: Int, _ settings: [String: String]) throws -> ChildProcess {
        try ChildProcess(Repository.executable("ingress"), environment: settings.merging(["PORT": String(port)]) { $1 }, inherits: false)
    }

    /// Runs another ingress with its own settings while `body` runs; it must then end in order.
    func withIngress<Result>(
        _ settings: [String: String] = [:], isolation: isolated (any Actor)? = #isolation, _ body: (API, ChildProcess) async throws -> Result
    ) async throws -> Result {
        let port = try Port.free()
        let own = Self.settings("ingress", self.database, self.host, self.double).merging(settings) { $1 }
        return try await withPart("ingress", own.merging(["PORT": String(port)]) { $1 }) { process in try await body(API(port: port), process) }
    }

    // MARK: For the tests

    private static let count = Atomic(0)

    /// A number that no other test has.
    static func number() -> Int { self.count.add(1, ordering: .relaxed).newValue }

    /// The token of a member of the staff.
    func staff() async throws -> String { try await self.staffToken.value }

    /// A new customer.
    func customer() async throws -> Customer {
        _ = try await self.staff()
        let email = "customer\(Self.number())@shop.example"
        let made = try await self.database.value(
            """
            insert into users (id, email, password_hash)
            select gen_random_uuid(), '\(email)', password_hash from users where email = 'staff@shop.example' returning id
            """)
        let id = try #require(made)
        return Customer(id: id, email: email, token: try await Self.token(of: id))
    }

    private static func token(of id: String) async throws -> String {
        let user = try #require(ID(id))
        return try Tokens(secret: self.secretKey, previous: [], environment: "test").sign(
            .init(userID: user, epoch: 0, use: .access, expiresAt: Date().addingTimeInterval(3600), session: .init(id: nil, signedInAt: Date())))
    }

    struct Customer {
        let id: String
        let email: String
        let token: String
    }

    /// A new product.
    func product(_ fields: [String: JSON] = [:]) async throws -> String {
        let number = Self.number()
        let usual: [String: JSON] = ["sku": .string("T-\(number)"), "name": .string("Thing \(number)"), "unit_amount": 1000, "stock_quantity": 100]
        let made = try await self.api.send(
            "POST", "/products", .object(usual.merging(fields) { $1 }), by: try await self.staff(), waiting: true)
        try #require(made.status == 201, "\(made)")
        return try #require(made["resource", "id"].text)
    }

    /// An order of that product that awaits its payment.
    func order(of product: String, quantity: Int = 1, by customer: Customer) async throws -> String {
        let placed = try await self.api.send(
            "POST", "/orders",
            ["items": [["product_id": .string(product), "quantity": .int(Int64(quantity))]], "shipping_address": TestShop.address],
            by: customer.token, waiting: true)
        try #require(placed.status == 201, "\(placed)")
        return try #require(placed["resource", "id"].text)
    }

    static let address: JSON = [
        "name": "Ada Lovelace", "line1": "12 St James's Square", "city": "London", "postal_code": "SW1Y 4JH", "country": "GB",
    ]
}
