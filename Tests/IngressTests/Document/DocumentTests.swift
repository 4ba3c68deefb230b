import Conveyor
import Fixtures
import FoundationEssentials
import HTTPTypes
import Logging
import Shop
import Testing

@testable import Ingress

/// The API and its document, `topology/openapi.yaml`, say the same.
///
/// What goes through HTTP is written in Python (`Tests/API`), as what reads such documents is. All of it at one shop, of which it makes a mess.
@Suite(.serialized) struct DocumentTests {
    private static let shop = Task { try await TestShop() }

    /// Files of the page `/docs`, which are nobody's business but its own.
    private static let assets: Set = ["GET /docs/docs.css", "GET /docs/start.js", "GET /docs/swagger-ui.css", "GET /docs/swagger-ui-bundle.js"]

    @Test func `every route is in the document, and no other`() async throws {
        let environment = [
            "DATABASE_URL": "postgres://nobody@127.0.0.1/none", "AMQP_URL": "amqp://127.0.0.1", "SECRET_KEY": TestShop.secretKey,
            "STRIPE_WEBHOOK_SECRET": "whsec_none",
        ]
        let settings = Settings(environment: environment, of: .shop)
        // Nothing of it runs.
        let routes = try await Composition(settings: settings, logger: Logger(label: "test")).build().routes
        let served = Set(routes.all.map { "\($0.method.rawValue) \(Self.unnamed($0.path))" }).subtracting(Self.assets)
        let bytes = try Data(contentsOf: URL(filePath: Repository.path + "/topology/openapi.json"))
        let document = try #require(JSON(Array(bytes)))
        guard case .object(let paths) = document["paths"] else { throw FixtureError("the document has no paths") }
        let described = Set(paths.flatMap { path, item in item.keys.map { "\($0.uppercased()) \(Self.unnamed(path))" } })
        #expect(described.subtracting(served) == [], "described, and not there")
        #expect(served.subtracting(described) == [], "there, and not described")
        #expect(served.count > 50)
    }

    @Test func `the document has the currencies that there are`() throws {
        let bytes = try Data(contentsOf: URL(filePath: Repository.path + "/topology/openapi.json"))
        let schemas = try #require(JSON(Array(bytes)))["paths"]["/api/v1/products"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        #expect(schemas["properties"]["currency"]["pattern"] == .string("^(\(Currency.all.map(\.code).joined(separator: "|")))(?!\\n)$"))
    }

    /// What a parameter is called makes no difference.
    private static func unnamed(_ path: String) -> String { path.replacing(#/\{\w+\}/#, with: "{}") }

    @Test func `every operation succeeds and refuses as the document says`() async throws { try await self.python("document_test.py") }

    @Test func `whatever is in a body, the answer is one that the document knows`() async throws { try await self.python("fuzz_test.py") }

    @Test func `schemathesis finds nothing`() async throws { try await self.python("schemathesis_test.py") }

    private func python(_ file: String) async throws {
        let shop = try await Self.shop.value
        let tests = try ChildProcess(
            try await TestPython.path(), ["-m", "pytest", "-q", "-p", "no:cacheprovider", Repository.path + "/Tests/API/" + file],
            environment: [
                "API_URL": "http://127.0.0.1:\(shop.api.port)", "STAFF_TOKEN": try await shop.staff(), "STRIPE_API_BASE": shop.double.url,
                "STRIPE_WEBHOOK_SECRET": StripeDoubleProcess.webhookSecret, "RESET_TOKEN": try await self.resetToken(shop),
                "PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS_STORAGE_DIRECTORY": try Scratch.folder("hypothesis").path,
            ])
        #expect(try await tests.waitForExit(within: .seconds(900)) == .status(0), "\(tests.output.suffix(20_000))")
        #expect(try await shop.api.send("GET", "/health/ready", absolute: true).status == 200, "it lives")
    }

    /// What the link in an e-mail about a forgotten password would have.
    private func resetToken(_ shop: TestShop) async throws -> String {
        let customer = try await shop.customer()
        _ = try await shop.api.send("POST", "/auth/password-reset", ["email": .string(customer.email)], waiting: true)
        let id = try #require(try await shop.database.value("select id from password_resets where user_id = '\(customer.id)'"))
        return ResetToken.make(try #require(ID(id)), key: TestShop.secretKey)
    }
}
