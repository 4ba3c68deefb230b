import Fixtures
import Testing

/// The courses that an order's money takes, each also with payments-worker killed whenever Stripe has answered it: what it comes to is the same, and
/// nothing is charged, refunded or told twice.
@Suite struct PaymentScenarioTests {
    @Test(arguments: Scenario.paying + Scenario.refunds + Scenario.givenUp + Scenario.disputes, Interruption.allCases)
    func `An order's money takes its course`(scenario: Scenario, interruption: Interruption) async throws {
        try await withShop { shop in
            let stage = Stage(shop: shop, interruption: interruption)
            try await stage.setTheScene()
            let order = try await stage.place()
            try await scenario.play(stage, order)
            try await stage.expect(order, scenario.outcome)
        }
    }
}
