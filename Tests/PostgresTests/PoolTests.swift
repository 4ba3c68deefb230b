import Fixtures
import FoundationEssentials
import Logging
import Postgres
import Synchronization
import Testing

@Suite struct PoolTests {
    @Test func `sixty-four tasks share four connections, and each gets its own answers`() async throws {
        try await withPool(size: 4) { pool in
            try await pool.query("CREATE TABLE t (x int)")
            try await withThrowingTaskGroup { group in
                for number in 0..<64 {
                    group.addTask {
                        for step in 0..<20 {
                            let value = number * 1000 + step
                            if step.isMultiple(of: 5) {
                                try await pool.transaction { transaction async throws in
                                    transaction.enqueue("INSERT INTO t VALUES ($1)", value)
                                    #expect(try await transaction.query("SELECT $1", value)[0][0, as: Int.self] == value)
                                }
                            } else {
                                #expect(try await pool.query("SELECT $1", value)[0][0, as: Int.self] == value)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await pool.query("SELECT count(*) FROM t")[0][0, as: Int.self] == 64 * 4)
            #expect(pool.counts.idle == 4 && pool.counts.used == 0 && pool.counts.waiting == 0)
        }
    }

    @Test func `waiters get connections in the order of their requests`() async throws {
        try await withPool(size: 1) { pool in
            let order = Order()
            try await withThrowingTaskGroup { group in
                try await pool.withConnection { _ in
                    for number in 0..<10 {
                        group.addTask { try await pool.withConnection { _ in order.append(number) } }
                        try await eventually("it waits") { pool.counts.waiting == number + 1 }
                    }
                }
                try await group.waitForAll()
            }
            #expect(order.numbers == Array(0..<10))
        }
    }

    @Test func `a call without a free connection in time fails as retriable`() async throws {
        try await withPool(size: 1, acquireTimeout: .milliseconds(100)) { pool in
            try await pool.withConnection { _ in
                let error = try await postgresError { try await pool.query("SELECT 1") }
                #expect(error.kind == .poolExhausted)
                #expect(error.isRetriable)
            }
            #expect(pool.counts.waiting == 0)
            #expect(try await pool.query("SELECT 1")[0][0, as: Int.self] == 1)
        }
    }

    @Test func `a connection with an open transaction is not lent again`() async throws {
        try await withPool(size: 1) { pool in
            try await pool.query("CREATE TABLE t (x int)")
            let process = try await pool.withConnection { connection in
                try await connection.query("BEGIN")
                try await connection.query("INSERT INTO t VALUES (1)")
                return try await connection.query("SELECT pg_backend_pid()")[0][0, as: Int.self]
            }
            let row = try await pool.query("SELECT pg_backend_pid(), count(*) FROM t")[0]
            #expect(try row[0, as: Int.self] != process)
            #expect(try row[1, as: Int.self] == 0)
        }
    }

    @Test func `run opens all connections, keeps them open, and closes them at the end`() async throws {
        try await withPool(size: 3) { pool, database in
            #expect(!pool.isReachable)
            let run = Task { try await pool.run() }
            try await eventually("all are open") { pool.counts.idle == 3 }
            #expect(pool.isReachable)
            try await database.terminateBackends()
            try await eventually("all are open again") { pool.counts.idle == 3 }
            #expect(try await pool.query("SELECT 1")[0][0, as: Int.self] == 1)
            run.cancel()
            try await run.value
            #expect(!pool.isReachable)
            try await eventually("the server has none left") {
                try await database.connections() == 0
            }
        }
    }

    @Test func `a closed pool fails its calls and waiters`() async throws {
        try await withPool(size: 1) { pool in
            let waiting = try await pool.withConnection { _ in
                let task = Task { try await pool.query("SELECT 1") }
                try await eventually("it waits") { pool.counts.waiting == 1 }
                await pool.close()
                return task
            }
            #expect(try await postgresError { try await waiting.value }.kind == .closed)
            #expect(try await postgresError { try await pool.query("SELECT 1") }.kind == .closed)
            #expect(pool.counts.idle == 0 && pool.counts.used == 0 && pool.counts.waiting == 0)
        }
    }

    @Test func `a released pool leaves no connection behind`() async throws {
        try await withDatabase(migrations: []) { database in
            try await {
                let pool = try PostgresPool(url: database.url, size: 2, applicationName: "tests", statementTimeout: nil, logger: .silent)
                try await pool.query("SELECT 1")
                #expect(try await database.connections() == 1)
            }()
            try await eventually("the server has none left") { try await database.connections() == 0 }
        }
    }
}

extension TestDatabase {
    /// The connections at the server, without this query's own.
    fileprivate func connections() async throws -> Int? {
        let count = try await self.server.psql("SELECT count(*) FROM pg_stat_activity WHERE datname = '\(self.name)'")[0][0]
        return count.flatMap { Int($0) }
    }
}

/// Numbers in the order in which tasks arrived.
private final class Order: Sendable {
    private let list = Mutex<[Int]>([])
    var numbers: [Int] { self.list.withLock { $0 } }
    func append(_ number: Int) { self.list.withLock { $0.append(number) } }
}
