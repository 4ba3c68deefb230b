import Conveyor
import Fixtures
import RabbitMQ
import Shop
import Testing

extension FaultTests {
    /// Faults of queues.
    @Suite struct Queues {
        /// The policy of a work queue in the topology, with other limits.
        static func policy(of queue: String, length: Int = 1_000_000, limit: Int = 20) -> String {
            #"{"dead-letter-exchange":"dead","dead-letter-routing-key":"\#(queue)","dead-letter-strategy":"at-least-once","#
                + #""overflow":"reject-publish","max-length":\#(length),"delivery-limit":\#(limit)}"#
        }

        @Test(arguments: FaultTests.some(["inventory", "orders", "payments"])) func `a queue is deleted under its consumer, and declared again`(
            queue: String
        )
            async throws
        {
            let system = try await RunningSystem.shared()
            // A deleted queue loses its messages, however it is deleted.
            try await eventually("nothing is in a queue", within: .seconds(60)) { try await system.host.depth() == 0 }
            try await system.suffer("queue \(queue) deleted, declared again", prepare: { try await $0.host.deleteQueue(queue) }) { system in
                if queue == "inventory" { try await system.waitUntilRefused("unroutable") }
                try await system.conveyor("topology", "apply")
            }
        }

        /// The queue's commands are lost; emitted messages are in the inbox as well.
        @Test(.enabled(if: FaultTests.isLong)) func `lost events of a deleted queue are sent again from the inbox`() async throws {
            let system = try await RunningSystem.shared()
            try await eventually("nothing is in a queue", within: .seconds(60)) { try await system.host.depth() == 0 }
            var placed: [(id: ID, message: Outgoing)] = []
            for _ in 0..<60 { placed.append(try await system.orderMessage(version: 2)) }
            let (orders, messages) = (placed.map(\.id), placed.map(\.message))
            try await system.suffer(
                "queue orders deleted with events in it",
                prepare: { system in
                    try await system.pause("orders")
                    try await system.publish(messages)
                    try await eventually("the inventory has answered") { try await system.host.ready("orders") ?? 0 >= orders.count }
                    try await system.host.deleteQueue("orders")
                }
            ) { system in
                try await system.conveyor("topology", "apply")
                try await system.resume("orders")
                let list = orders.map { "'\($0)'" }.joined(separator: ",")
                // It republishes messages that were emitted more than a minute ago.
                try await eventually("what the queue held is handled", within: .seconds(180), every: .seconds(5)) {
                    try await system.auditReport("--republish")
                    return try await system.database.value("select count(*) from orders where id in (\(list))") == "\(orders.count)"
                }
            }
        }

        /// Above the ingress' limit.
        private static let tooMany = RunningSystem.queueLimit + 50

        /// Commands published directly, each of which adds a little stock.
        private func fillInventory(_ system: RunningSystem) async throws {
            let product = try #require(ID(system.products[0]))
            try await system.publish(
                (0..<Self.tooMany).map { _ in try system.message(AdjustStock(productID: product, delta: 1, reason: "found")) })
        }

        @Test func `a queue at its limit takes no more from customers, and nothing that was accepted is dropped`() async throws {
            try await RunningSystem.shared().suffer(
                "queue inventory at its limit",
                prepare: { system in
                    try await system.pause("inventory")
                    try await self.fillInventory(system)
                }
            ) { system in
                let last = try await system.buyUntilFull()
                try await system.resume("inventory")
                try await last.value
            }
        }

        @Test func `two workers with full queues that publish to each other still finish`() async throws {
            try await RunningSystem.shared().suffer(
                "queues orders and inventory over their limit",
                prepare: { system in
                    for queue in ["orders", "inventory"] { try await system.pause(queue) }
                    try await self.fillInventory(system)
                    // Each of these makes inventory-worker answer to orders-worker.
                    var orders: [Outgoing] = []
                    for _ in 0..<Self.tooMany { orders.append(try await system.orderMessage().message) }
                    try await system.publish(orders)
                }
            ) { system in
                let last = try await system.buyUntilFull()
                for queue in ["inventory", "orders"] { try await system.resume(queue) }
                try await last.value
                try await eventually("no queue is over its limit", within: .seconds(120)) {
                    for queue in ["orders", "inventory"] where try await system.host.ready(queue) ?? 0 >= RunningSystem.queueLimit { return false }
                    return true
                }
            }
        }

        @Test func `two workers with full queues do not wait for each other`() async throws {
            try await RunningSystem.shared().suffer("queues orders and inventory at their limits") { system in
                // The checkout goes from `orders` to `inventory` and back, and each queue refuses until it is below four fifths of its limit.
                try await system.pause("orders")
                try await system.pause("inventory")
                var orders: [ID] = []
                var messages: [Outgoing] = []
                for _ in 0..<60 {
                    let (order, place) = (try await system.orderMessage(), try await system.orderMessage())
                    orders += [order.id, place.id]
                    messages += [order.message, try system.reservation(of: place)]
                }
                try await system.publish(messages)
                for queue in ["orders", "inventory"] {
                    try await system.host.setPolicy(
                        "limit-\(queue)", pattern: "^\(queue)$", definition: Self.policy(of: queue, length: 20), priority: 10)
                }
                try await system.resume("inventory")
                try await system.resume("orders")
                try await system.waitForOrders(orders)
                for queue in ["orders", "inventory"] { try await system.host.deletePolicy("limit-\(queue)") }
            }
        }
    }
}
