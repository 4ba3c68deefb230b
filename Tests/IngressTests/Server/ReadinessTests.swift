import Fixtures
import Testing

@Suite struct ReadinessTests {
    @Test func `the ingress is not ready while the broker is frozen, and ready again afterwards`() async throws {
        let shop = try await TestShop.shared()
        try await withPrivateBroker { broker in
            let host = try await broker.newVirtualHost()
            try await host.declareShop()
            try await shop.withIngress(["AMQP_URL": host.amqpURL]) { api, _ in
                func ready() async throws -> Answer { try await api.send("GET", "/health/ready", absolute: true) }
                #expect(try await ready().status == 200)
                await broker.suspend()
                let answer = try await eventualValue("it is not ready", within: .seconds(8)) {
                    let answer = try await ready()
                    return answer.status == 200 ? nil : answer
                }
                #expect(answer.status == 503 && "\(answer)".contains("broker: "))
                #expect(try await api.send("GET", "/health/live", absolute: true).status == 200)
                await broker.resume()
                try await eventually("it is ready again", within: .seconds(30)) { try await ready().status == 200 }
            }
        }
    }
}
