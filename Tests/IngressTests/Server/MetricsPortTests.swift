import Conveyor
import Logging
import Shop
import Testing

@testable import Ingress

@Suite struct MetricsPortTests {
    private static let cases: [(String, String?, Bool)] = [
        ("development", nil, true), ("development", "9090", false), ("production", nil, false), ("production", "9090", false),
    ]

    @Test(arguments: cases)
    func `metrics are on the API's port only in development, and only without their own port`(
        place: String, port: String?, isThere: Bool
    ) async throws {
        var environment = [
            "DATABASE_URL": "postgres://nobody@127.0.0.1/none", "AMQP_URL": "amqp://127.0.0.1", "SECRET_KEY": TestShop.secretKey,
            "STRIPE_WEBHOOK_SECRET": "whsec_none", "ENVIRONMENT": place,
        ]
        environment["METRICS_PORT"] = port
        // No part of it runs.
        let routes = try await Composition(settings: Settings(environment: environment, of: .shop), logger: Logger(label: "test")).build().routes
        #expect(routes.all.contains { $0.path == "/metrics" } == isThere)
    }
}
