import Conveyor
import Fixtures
import Glibc
import RabbitMQ
import Shop
import Testing

/// Faults of the whole system, one after the other, each while customers buy; the books are checked after each. `ops/test faults ROUNDS` repeats
/// them and prints a table.
@Suite(.serialized, .timeLimit(.minutes(10))) enum FaultTests {
    /// For `ops/test faults`: more orders, and each fault in all its kinds. In the whole test run there are fewer orders and one kind each.
    static let isLong = getenv("CONVEYOR_FAULTS") != nil

    /// All of these, or only the first few in the short form.
    static func some<Kind>(_ kinds: [Kind], of count: Int = 1) -> [Kind] { self.isLong ? kinds : Array(kinds.prefix(count)) }
}

extension FaultTests {
    /// Faults of processes, connections and servers.
    @Suite struct Servers {
        @Test(arguments: RunningSystem.parts.filter { $0 != "recorder" }) func `a part is killed`(part: String) async throws {
            try await RunningSystem.shared().suffer("kill -9 of \(part)") { try await $0.part(part).kill() }
        }

        @Test func `the recorder is killed while messages become dead letters`() async throws {
            try await RunningSystem.shared().suffer("kill -9 of recorder") { system in
                let ids = (0..<200).map { _ in ID.v7(milliseconds: UInt64(Clock.milliseconds())) }
                var messages = try ids.map { try system.message(ShipOrder(orderID: $0), id: $0) }
                for index in messages.indices { messages[index].body = [0xFF] }
                try await system.publish(messages)
                try await eventually("the first is recorded", within: .seconds(60)) { try await !system.deadLetters(ids).isEmpty }
                try await system.part("recorder").kill()
                let dead = try await system.waitForDeadLetters(ids)
                let group = try #require(try await system.database.value("select \"group\" from dead_letters where id = '\(dead[0].id)'"))
                try await system.conveyor("dead", "discard", "--group", group, "--reason", "a test made them")
            }
        }

        @Test func `the broker is restarted`() async throws {
            try await RunningSystem.shared().suffer("broker restarted") { try await $0.broker.restart() }
        }

        @Test(.enabled(if: FaultTests.isLong)) func `the broker is killed`() async throws {
            try await RunningSystem.shared().suffer("broker killed") {
                try await $0.broker.kill()
                try await $0.broker.start()
            }
        }

        @Test func `the broker is frozen for five seconds`() async throws {
            try await RunningSystem.shared().suffer("broker frozen for 5 s") {
                await $0.broker.suspend()
                try await Task.sleep(for: .seconds(5))
                await $0.broker.resume()
            }
        }

        @Test func `all connections to the broker are closed`() async throws {
            try await RunningSystem.shared().suffer("all AMQP connections closed") { try await $0.host.closeConnections(atLeast: 10) }
        }

        @Test func `the broker has no memory left: writes fail with a clear error, reads go on`() async throws {
            try await RunningSystem.shared().suffer("memory alarm", prepare: { try await $0.broker.setMemoryAlarm(true) }) { system in
                try await system.waitUntilRefused("broker_blocked")
                let product: Product = try await system.frontend.read("/products/\(system.products[0])", by: system.staff)
                #expect(product.id == system.products[0])
                try await system.broker.setMemoryAlarm(false)
            }
        }

        @Test(.enabled(if: FaultTests.isLong)) func `the database is restarted`() async throws {
            try await RunningSystem.shared().suffer("Postgres restarted") { try await $0.server.restart() }
        }

        @Test func `the database loses its power`() async throws {
            try await RunningSystem.shared().suffer("Postgres stopped at once and recovered") { try await $0.server.restart(.immediate) }
        }

        @Test func `all connections to the database are terminated`() async throws {
            try await RunningSystem.shared().suffer("all database connections terminated") { try await $0.database.terminateBackends() }
        }

        @Test(arguments: FaultTests.some(["order_events", "inbox", "reservations", "orders", "products", "payments", "attempts"]))
        func `a table is locked for longer than a statement may take`(table: String) async throws {
            // Longer than the statement timeout; in the short form only longer than the lock timeout.
            let seconds = FaultTests.isLong ? 40 : 8
            try await RunningSystem.shared().suffer("table \(table) locked for \(seconds) s") { system in
                // The lock of CREATE INDEX.
                try await system.database.psql("begin; lock table \(table) in share mode; select pg_sleep(\(seconds)); commit")
            }
        }

        @Test func `the database is frozen for five seconds`() async throws {
            try await RunningSystem.shared().suffer("Postgres frozen for 5 s") {
                try await $0.server.suspend()
                try await Task.sleep(for: .seconds(5))
                await $0.server.resume()
            }
        }
    }
}

/// A product in the public API.
private struct Product: Decodable {
    var id: String
}
