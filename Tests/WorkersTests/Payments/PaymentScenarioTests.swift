import Fixtures
import Testing

/// The scenarios of an order's payment, each also with payments-worker killed after every answer of Stripe: the result is the same, and
/// nothing is charged, refunded or sent twice.
@Suite struct PaymentScenarioTests {
    @Test(arguments: Scenario.paying + Scenario.refunds + Scenario.givenUp + Scenario.disputes, Interruption.allCases)
    func `an order's payment has the scenario's result`(scenario: Scenario, interruption: Interruption) async throws {
        try await withShop { shop in
            let stage = Stage(shop: shop, interruption: interruption)
            try await stage.setTheScene()
            let order = try await stage.place()
            try await scenario.play(stage, order)
            try await stage.expect(order, scenario.outcome)
        }
    }
}
