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

/// The handlers of the workers on a database of their own, each under its worker's role, without a broker: a test says which messages make a batch, in
/// which order they come and how often. Messages are told from their copies by the real inbox, and fail by the real rules.
struct Bench: Sendable {
    let database: TestDatabase
    /// As the database's owner, to arrange and to look.
    let owner: PostgresPool
    private let workers: [String: HandlerHarness]

    typealias Outcome = HandlerHarness.Outcome

    fileprivate static let turns = Turns(6)

    /// How long an order awaits its payment.
    static let paymentWindow = Duration.seconds(1800)
    /// Of products without a threshold of their own.
    static let lowStockThreshold = 5

    fileprivate init(_ database: TestDatabase, connections: Int) throws {
        self.database = database
        self.owner = try Self.pool(database.url, 2)
        let handlers: [String: [any Handler]] = [
            "orders": OrdersWorker.handlers(paymentWindow: Self.paymentWindow),
            "inventory": InventoryWorker.handlers(currency: "usd", lowStockThreshold: Self.lowStockThreshold),
            "accounts": AccountsWorker.handlers(pushTo: try OutwardAddresses(Settings(environment: [:], of: .shop))),
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

    /// The connections of a worker.
    func pool(of queue: String) throws -> PostgresPool { try #require(self.workers[queue]).pool }

    /// Has the connections of the workers tell what they did until now; each uses one, as its calls come one after the other.
    func reportStatistics() async throws {
        for worker in self.workers.values { try await worker.pool.query("select pg_stat_force_next_flush()") }
    }

    /// Closes the connections of the workers, so that what they did shows in the server's statistics.
    func flushStatistics() async {
        for worker in self.workers.values { await worker.pool.close() }
    }

    /// Whether one of the workers here takes messages of a queue.
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

    /// Handles a batch of one type as a worker does: in one transaction, or one by one if that fails.
    func take(_ batch: [Sent]) async throws -> [Outcome] {
        let queue = batch[0].queue
        let outcomes = try await #require(self.workers[queue]).take(batch.map { SentMessage($0.payload, envelope: $0.envelope) })
        for case .replied(let reply) in outcomes {
            for type in reply.emits.map({ Swift.type(of: $0) }) where Topology.publishers[queue]?[type.exchange]?.contains(type.type) != true {
                throw FixtureError("\(queue) emits \(type.type): add it to topology/publishers.txt, or the broker refuses it")
            }
        }
        return outcomes
    }
}

/// A bench on a new database; gone afterwards.
/// - Parameter connections: how many batches a worker can have in hand at once.
func withBench<Result: Sendable>(
    connections: Int = 2, isolation: isolated (any Actor)? = #isolation, _ body: (Bench) async throws -> Result
) async throws -> Result {
    // The server has connections for so many.
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

    /// What it emits, by type, in its order.
    var emitted: [String] { self.emits.map { Swift.type(of: $0).type } }

    /// The first message of a type that it emits.
    func first<M: Message>(_: M.Type) -> M? { self.emits.lazy.compactMap { $0 as? M }.first }
}
