import Conveyor
import Fixtures
import FoundationEssentials
import HTTPTypes
import Logging
import Shop
import Testing

@testable import Ingress

/// The API agrees with its document, `topology/openapi.yaml`.
///
/// The tests over HTTP are in Python (`Tests/API`), as are the tools for such documents. All of them use one shop, which they leave untidy.
@Suite(.serialized) struct DocumentTests {
    private static let shop = Task { try await TestShop() }

    /// Files of the page `/docs`, which are not part of the API.
    private static let assets: Set = ["GET /docs/docs.css", "GET /docs/start.js", "GET /docs/swagger-ui.css", "GET /docs/swagger-ui-bundle.js"]

    @Test func `the document contains exactly the API's routes`() async throws {
        let environment = [
            "DATABASE_URL": "postgres://nobody@127.0.0.1/none", "AMQP_URL": "amqp://127.0.0.1", "SECRET_KEY": TestShop.secretKey,
            "STRIPE_WEBHOOK_SECRET": "whsec_none",
        ]
        let settings = Settings(environment: environment, of: .shop)
        // No part of it runs.
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

    @Test func `the document lists the supported currencies`() throws {
        let bytes = try Data(contentsOf: URL(filePath: Repository.path + "/topology/openapi.json"))
        let schemas = try #require(JSON(Array(bytes)))["paths"]["/api/v1/products"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        #expect(schemas["properties"]["currency"]["pattern"] == .string("^(\(Currency.all.map(\.code).joined(separator: "|")))(?!\\n)$"))
    }

    /// A parameter's name makes no difference.
    private static func unnamed(_ path: String) -> String { path.replacing(#/\{\w+\}/#, with: "{}") }

    @Test func `every operation succeeds and fails as documented`() async throws { try await self.python("document_test.py") }

    @Test func `any body gets a documented answer`() async throws { try await self.python("fuzz_test.py") }

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

    /// The token of the link in a reset e-mail.
    private func resetToken(_ shop: TestShop) async throws -> String {
        let customer = try await shop.customer()
        _ = try await shop.api.send("POST", "/auth/password-reset", ["email": .string(customer.email)], waiting: true)
        let id = try #require(try await shop.database.value("select id from password_resets where user_id = '\(customer.id)'"))
        return ResetToken.make(try #require(ID(id)), key: TestShop.secretKey)
    }
}
