import Fixtures
import FoundationEssentials
import RabbitMQ
import Testing

/// Only the ingress sheds load.
@Suite struct LoadSheddingTests {
    @Test func `writes to a queue above its limit are refused until it is below, and only those`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        // No worker consumes these queues.
        try await withVirtualHost { host in
            try await host.declareShop()
            try await shop.withIngress(["AMQP_URL": host.amqpURL, "QUEUE_LIMIT": "3"]) { api, _ in
                func clearCart() async throws -> Answer { try await api.send("DELETE", "/cart", by: customer.token) }
                var accepted = 0
                let refused = try await eventualValue("a write is refused") {
                    let answer = try await clearCart()
                    if answer.status == 202 { accepted += 1 }
                    return answer.status == 202 ? nil : answer
                }
                #expect(refused.status == 503 && refused.code == "queue_full")
                #expect(refused.headers["Retry-After"] != nil)
                #expect(accepted >= 3)
                #expect(try await host.ready("orders") == accepted, "what was refused was not published")

                let renamed = try await api.send("PATCH", "/users/me", ["full_name": "Ada"], by: customer.token)
                #expect(renamed.status == 202, "it goes to another queue")
                // As a worker publishes, which the limit does not stop.
                try await withPublisher(host.amqpURL) { publisher in
                    let messages = (0..<50).map { _ in
                        Outgoing(exchange: "events", routingKey: "stock.reserved", properties: Properties(messageID: UUID().uuidString), body: [])
                    }
                    #expect(await publisher.publish(messages).allSatisfy { $0 == nil })
                }

                try await host.purgeQueue("orders")
                try await eventually("writes are accepted again") { try await clearCart().status == 202 }
            }
        }
    }

    @Test func `an invalid QUEUE_LIMIT is refused at the start`() async throws {
        for limit in ["0", "many", "1e6"] {
            let ingress = try ChildProcess(
                Repository.executable("ingress"),
                environment: [
                    "DATABASE_URL": "postgresql://127.0.0.1/none", "AMQP_URL": "amqp://127.0.0.1", "SECRET_KEY": TestShop.secretKey,
                    "QUEUE_LIMIT": limit,
                    "STRIPE_WEBHOOK_SECRET": "whsec_of_tests", "PORT": "\(try Port.free())",
                ], inherits: false)
            #expect(try await ingress.waitForExit() == .status(78))
            #expect(ingress.standardError.contains("QUEUE_LIMIT"), "\(ingress.output)")
        }
    }
}
