import Conveyor
import ConveyorTesting
import Fixtures
import Logging
import Postgres
import Shop
import Testing
import Topology

@testable import Accounts
@testable import Inventory
@testable import Orders

/// The workers' handlers on their own database, each with its worker's role, without a broker: a test determines the batches, the order of messages
/// and their repetitions. The real inbox recognises duplicates, and the real rules decide failures.
struct Bench: Sendable {
    let database: TestDatabase
    /// The database owner's pool, to arrange and to read.
    let owner: PostgresPool
    private let workers: [String: HandlerHarness]

    typealias Outcome = HandlerHarness.Outcome

    fileprivate static let turns = Turns(6)

    /// The payment window.
    static let paymentWindow = Duration.seconds(1800)
    /// The default threshold.
    static let lowStockThreshold = 5

    fileprivate init(_ database: TestDatabase, connections: Int) throws {
        self.database = database
        self.owner = try Self.pool(database.url, 2)
        let handlers: [String: [any Handler]] = [
            "orders": OrdersWorker.handlers(paymentWindow: Self.paymentWindow),
            "inventory": InventoryWorker.handlers(currency: "usd", lowStockThreshold: Self.lowStockThreshold),
            "accounts": AccountsWorker.handlers,
        ]
        var workers: [String: HandlerHarness] = [:]
        for (queue, handlers) in handlers {
            workers[queue] = HandlerHarness(
                queue: queue, handlers: HandlerRegistry(handlers), pool: try Self.pool(database.url(as: queue), connections))
        }
        self.workers = workers
    }

    private static func pool(_ url: String, _ size: Int) throws -> PostgresPool {
        try PostgresPool(
            url: url, size: size, applicationName: "tests", statementTimeout: .seconds(30), acquireTimeout: .seconds(60), logger: .silent)
    }

    fileprivate func close() async {
        await self.owner.close()
        for worker in self.workers.values { await worker.pool.close() }
    }

    /// A worker's pool.
    func pool(of queue: String) throws -> PostgresPool { try #require(self.workers[queue]).pool }

    /// Makes the workers' connections report their statistics; each worker uses one connection, since its calls are sequential.
    func reportStatistics() async throws {
        for worker in self.workers.values { try await worker.pool.query("select pg_stat_force_next_flush()") }
    }

    /// Closes the workers' connections, so that their work appears in the server's statistics.
    func flushStatistics() async {
        for worker in self.workers.values { await worker.pool.close() }
    }

    /// Whether one of these workers consumes a queue.
    func serves(_ queue: String) -> Bool { self.workers[queue] != nil }

    /// Handles one message, which must be answered.
    @discardableResult
    func handle(_ message: Sent, sourceLocation: SourceLocation = #_sourceLocation) async throws -> Reply {
        let outcome = try await self.take([message])[0]
        guard case .replied(let reply) = outcome else {
            throw FixtureError("\(message.type) was not answered: \(outcome), at \(sourceLocation)")
        }
        return reply
    }

    /// Handles one new message, which must be answered.
    @discardableResult
    func handle(_ payload: any Message, sourceLocation: SourceLocation = #_sourceLocation) async throws -> Reply {
        try await self.handle(Sent(payload), sourceLocation: sourceLocation)
    }

    /// Handles a batch of one type like a worker: in one transaction, or one by one if that fails.
    func take(_ batch: [Sent]) async throws -> [Outcome] {
        let queue = batch[0].queue
        let outcomes = try await #require(self.workers[queue]).take(batch.map { SentMessage($0.payload, envelope: $0.envelope) })
        for case .replied(let reply) in outcomes {
            for type in reply.emits.map({ Swift.type(of: $0) }) where Topology.publishers[queue]?[type.exchange]?.contains(type.type) != true {
                throw FixtureError("\(queue) emits \(type.type): add it to topology/parts.yaml, or the broker refuses it")
            }
        }
        return outcomes
    }
}

/// A bench on a new database, which is dropped afterwards.
/// - Parameter connections: the number of batches that a worker can handle at once.
func withBench<Result: Sendable>(
    connections: Int = 2, isolation: isolated (any Actor)? = #isolation, _ body: (Bench) async throws -> Result
) async throws -> Result {
    // The server's connections suffice for this number.
    try await Bench.turns.take {
        try await withDatabase { database in
            let bench = try Bench(database, connections: connections)
            do {
                let result = try await body(bench)
                await bench.close()
                return result
            } catch {
                await bench.close()
                throw error
            }
        }
    }
}

extension Reply {
    /// The problem of a rejection.
    var problem: Problem? { if case .rejected(let problem) = self.outcome { problem } else { nil } }

    /// The emitted messages by type, in order.
    var emitted: [String] { self.emits.map { Swift.type(of: $0).type } }

    /// The first emitted message of a type.
    func first<M: Message>(_: M.Type) -> M? { self.emits.lazy.compactMap { $0 as? M }.first }
}
