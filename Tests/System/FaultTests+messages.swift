import Conveyor
import Fixtures
import FoundationEssentials
import Glibc
import RabbitMQ
import Shop
import Testing

extension FaultTests {
    /// Faults of messages.
    @Suite struct Messages {
        @Test func `a message that is published a thousand times takes effect once`() async throws {
            try await RunningSystem.shared().suffer("one message published 1,000 times") { system in
                for version in [1, 2] {
                    let order = try await system.orderMessage(version: version)
                    try await system.publish(Array(repeating: order.message, count: 1000))
                    try await system.waitForOrders([order.id])
                }
            }
        }

        @Test func `all messages of many orders are repeated in random order, and change nothing`() async throws {
            try await RunningSystem.shared().suffer("all messages published again twice, shuffled") { system in
                try await system.host.declareQueue("seen")
                for exchange in ["commands", "events"] { try await system.host.bind("seen", to: exchange, routingKey: "#") }
                let load = Load(system, orders: 24)
                try await load.run()
                let orders = load.orders.map(\.resource.id)
                // The workers' hints to the ingress are not among them, and not stored.
                let seen = try await system.taken(from: "seen").filter(\.properties.persistent)
                try await system.host.deleteQueue("seen")
                let before = try await system.traces(of: orders)
                let again = seen.map {
                    Outgoing(exchange: $0.exchange, routingKey: $0.routingKey, mandatory: false, properties: $0.properties, body: $0.body)
                }
                try await system.publish((again + again).shuffled())
                // Behind them in every queue.
                try await system.goAllTheWay()
                #expect(try await system.traces(of: orders) == before)
            }
        }

        @Test func `commands about orders take effect correctly in any order`() async throws {
            try await RunningSystem.shared().suffer("orders and their cancellations, shuffled") { system in
                try await system.pause("orders")
                var messages: [Outgoing] = []
                var orders: [ID] = []
                for number in 0..<30 {
                    let order = try await system.orderMessage(version: 1 + number % 2)
                    orders.append(order.id)
                    messages += [order.message, try system.message(CancelOrder(orderID: order.id))]
                }
                try await system.publish(messages.shuffled())
                try await system.resume("orders")
                try await system.waitForOrders(orders)
            }
        }

        @Test func `poison in the middle of a batch becomes a dead letter, and harms no other message`() async throws {
            try await RunningSystem.shared().suffer("4 poisonous messages among 100, one of 10 MiB") { system in
                try await system.pause("orders")
                var good: [(id: ID, message: Outgoing)] = []
                for _ in 0..<100 { good.append(try await system.orderMessage()) }
                var messages = good.map(\.message)
                var poison: [ID] = []
                func bad(_ change: (inout Outgoing) -> Void) async throws {
                    let id = ID.v7(milliseconds: UInt64(Clock.milliseconds()))
                    var message = try system.message(CancelOrder(orderID: id), id: id)
                    change(&message)
                    poison.append(id)
                    messages.insert(message, at: 40 + poison.count)
                }
                try await bad { $0.body = [0xFF, 0x00, 0x7B] }
                try await bad { $0.properties.type = "orders.unheard_of" }
                try await bad { $0.properties.headers["schema"] = 99 }
                try await bad { $0.body = Array(repeating: UInt8(ascii: "["), count: 10 << 20) }
                try await system.publish(messages)
                try await system.resume("orders")
                let dead = try await system.waitForDeadLetters(poison)
                #expect(dead.map(\.errorType).sorted() == ["undecodable", "undecodable", "undecodable", "unknown_type"])
                #expect(dead.map(\.bytes).max() == 10 << 20)
                try await system.waitForOrders(good.map(\.id))
                for letter in dead { try await system.conveyor("dead", "discard", letter.id, "--reason", "a test made it") }
            }
        }

        @Test func `headers of 128 kB, and impossible times and numbers, stop no queue`() async throws {
            try await RunningSystem.shared().suffer("foreign headers of 128 kB, clocks ahead and behind") { system in
                let extremes: [Int64] = [.min, -1, 0, 1_764_486_000_000_000_000, .max]
                var orders: [ID] = []
                var messages: [Outgoing] = []
                for extreme in extremes + [(Clock.milliseconds() + 45_000) / 1000] {
                    for name in ["", "timestamp_in_ms", "attempt", "first-failed-at"] {
                        var order = try await system.orderMessage()
                        if name.isEmpty {
                            order.message.properties.timestamp = extreme
                        } else {
                            order.message.properties.headers[name] = .int(extreme)
                        }
                        orders.append(order.id)
                        messages.append(order.message)
                    }
                }
                let before = try await system.database.value("select count(*) from dead_letters where error_type = 'unknown_type'") ?? ""
                let queues = ["orders", "inventory", "payments", "email", "accounts"]
                for queue in queues {
                    for name in ["actor", "anything"] {
                        var message = try system.message(CancelOrder(orderID: system.buyer))
                        message.routingKey = "\(queue).unheard_of"
                        message.properties.type = message.routingKey
                        message.properties.messageID = "no UUID"
                        message.properties.headers = [name: .string(String(repeating: "x", count: 130_900))]
                        messages.append(message)
                    }
                }
                try await system.publish(messages.shuffled())
                try await system.waitForOrders(orders)
                try await eventually("the foreign ones are dead letters", within: .seconds(60), every: .milliseconds(100)) {
                    // Equal ones are counted once.
                    try await system.database.value("select count(*) - \(before) from dead_letters where error_type = 'unknown_type'")
                        == "\(queues.count)"
                }
                for letter in try await system.database.psql("select id from dead_letters where status = 'open' and error_type = 'unknown_type'") {
                    try await system.conveyor("dead", "discard", letter[0] ?? "", "--reason", "a test made it")
                }
            }
        }

        @Test func `a message that crashes its worker repeatedly becomes a dead letter, and harms no other message`() async throws {
            // The topology's delivery limit is 20; so many restarts of a worker take 40 seconds.
            let (limit, neighbours) = FaultTests.isLong ? (20, 1000) : (4, 300)
            try await RunningSystem.shared().suffer("a crashing message among \(neighbours)") { system in
                if !FaultTests.isLong {
                    try await system.host.setPolicy("fuse", pattern: "^orders$", definition: Queues.policy(of: "orders", limit: limit), priority: 10)
                }
                let crasher = try await system.orderMessage(noted: false)
                // The handler of this order waits for a lock of the test, which then kills the worker.
                try await system.database.psql(
                    """
                    create function wait_for_the_test() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(4711); return new; end $$;
                    create trigger wait_for_the_test before insert on orders for each row when (new.id = '\(crasher.id)')
                        execute function wait_for_the_test()
                    """)
                let lock = try ChildProcess(
                    "psql", ["-X", "-q", system.database.url], input: "select pg_advisory_lock(4711); select pg_sleep(3600);")
                try await eventually("the lock is held") { try await system.database.value(Self.lockIsHeld) == "1" }
                var messages: [Outgoing] = []
                var good: [ID] = []
                for _ in 0..<neighbours {
                    let order = try await system.orderMessage()
                    good.append(order.id)
                    messages.append(order.message)
                }
                messages.insert(crasher.message, at: neighbours / 2)
                try await system.publish(messages)

                let worker = try system.part("orders-worker")
                let before = await worker.ends.count
                let letters = try await eventualValue("it is a dead letter", within: .seconds(300), every: .milliseconds(100)) {
                    if try await !system.database.psql(Self.waiting).isEmpty {
                        try await worker.kill()
                        // While it waits for a lock, Postgres does not notice.
                        try await system.database.psql("select pg_terminate_backend(pid) from (\(Self.waiting)) w(pid)")
                    }
                    let letters = try await system.deadLetters([crasher.id])
                    return letters.isEmpty ? nil : letters
                }
                #expect(letters[0].errorType == "crashed")
                // Delivered once, and once more for each unit of the limit.
                #expect(await worker.ends.count - before == limit + 1)
                try await system.waitForOrders(good)
                #expect(try await system.database.value("select count(*) from dead_letters where status = 'open'") == "1")

                // Repaired, it is replayed, and the order is like the others.
                try await system.database.psql("drop trigger wait_for_the_test on orders; drop function wait_for_the_test")
                try await lock.kill()
                system.note(accepted: crasher.id.description)
                try await system.conveyor("dead", "replay", letters[0].id)
                try await system.waitForOrders([crasher.id])
                if !FaultTests.isLong { try await system.host.deletePolicy("fuse") }
            }
        }

        private static let waiting = "select pid from pg_stat_activity where application_name = 'orders-worker' and wait_event = 'advisory'"
        private static let lockIsHeld = "select count(*) from pg_locks where locktype = 'advisory' and objid = 4711 and granted"

        @Test func `of 10 units 200 buyers get 10`() async throws {
            try await RunningSystem.shared().suffer("200 buyers of 10 units") { system in
                let made = try await system.frontend.write("/products", NewProduct.scarce(), by: system.staff)
                #expect(try await system.frontend.ended(made, by: system.staff).status == "succeeded")
                let product = try #require(ID(made.resource.id))
                let orders = try await withThrowingTaskGroup(of: Accepted.self) { group in
                    for customer in system.customers {
                        group.addTask { try await system.place([OrderLine(productID: product, quantity: 1)], by: customer) }
                    }
                    return try await group.reduce(into: [Accepted]()) { $0.append($1) }
                }
                var ends: [String: Int] = [:]
                for order in orders {
                    let operation = try await system.frontend.ended(order, by: system.staff)
                    ends[operation.problem?.code ?? operation.status, default: 0] += 1
                }
                #expect(ends == ["succeeded": 10, "out_of_stock": 190])
            }
        }
    }
}

/// The body for a new product.
private struct NewProduct: Encodable {
    var sku: String
    var name = "Last ones"
    var unitAmount = 1000
    var stockQuantity = 10

    static func scarce() -> NewProduct { NewProduct(sku: "SCARCE-\(UUID().uuidString)") }

    enum CodingKeys: String, CodingKey {
        case sku, name
        case unitAmount = "unit_amount"
        case stockQuantity = "stock_quantity"
    }
}
