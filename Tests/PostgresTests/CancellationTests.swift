import Fixtures
import FoundationEssentials
import Postgres
import Testing

@Suite struct CancellationTests {
    /// The number of running statements with `mark` in their text.
    private func running(_ mark: String, in database: TestDatabase) async throws -> Int? {
        let count = try await database.value(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%\(mark)%' AND pid <> pg_backend_pid()")
        return count.flatMap { Int($0) }
    }

    @Test func `the server cancels a cancelled task's statement, and the connection stays usable`() async throws {
        try await withPool(size: 1) { pool, database in
            let process = try await pool.query("SELECT pg_backend_pid()")[0][0, as: Int.self]
            let task = Task { try await pool.query("SELECT pg_sleep(60), 'cancel_one'") }
            try await eventually("the statement runs") { try await self.running("cancel_one", in: database) == 1 }
            task.cancel()
            let error = try await postgresError { try await task.value }
            #expect(error.kind == .cancelled)
            #expect(!error.isRetriable)
            #expect(try await self.running("cancel_one", in: database) == 0)
            #expect(try await pool.query("SELECT pg_backend_pid()")[0][0, as: Int.self] == process)
            #expect(pool.counts.used == 0)
        }
    }

    @Test func `a cancel request never hits the next call on the connection`() async throws {
        try await withPool(size: 1) { pool in
            for round in 0..<40 {
                let task = Task { try await pool.query("SELECT pg_sleep(0.005)") }
                // At the end of the statement, so that some requests come too late.
                try await Task.sleep(for: .microseconds(4_000 + round * 100))
                task.cancel()
                _ = try? await task.value
                #expect(try await pool.query("SELECT pg_sleep(0.001), $1", round)[0][1, as: Int.self] == round)
            }
        }
    }

    @Test func `a task that is already cancelled sends nothing`() async throws {
        try await withPool(size: 1) { pool in
            try await pool.query("CREATE TABLE t (x int)")
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await pool.query("INSERT INTO t VALUES (1)")
            }
            #expect(try await postgresError { try await task.value }.kind == .cancelled)
            #expect(try await pool.query("SELECT count(*) FROM t")[0][0, as: Int.self] == 0)
        }
    }

    @Test func `a cancelled transaction is rolled back, and its connection is free`() async throws {
        try await withPool(size: 1) { pool, database in
            try await pool.query("CREATE TABLE t (x int)")
            let task = Task {
                try await pool.transaction { transaction in
                    transaction.enqueue("INSERT INTO t VALUES (1)")
                    try await transaction.query("SELECT pg_sleep(60), 'cancel_two'")
                }
            }
            try await eventually("the statement runs") { try await self.running("cancel_two", in: database) == 1 }
            task.cancel()
            #expect(try await postgresError { try await task.value }.kind == .cancelled)
            #expect(try await pool.query("SELECT count(*) FROM t")[0][0, as: Int.self] == 0)
        }
    }

    @Test func `a cancelled waiter leaves the queue`() async throws {
        try await withPool(size: 1) { pool in
            try await pool.withConnection { _ in
                let task = Task { try await pool.query("SELECT 1") }
                try await eventually("it waits") { pool.counts.waiting == 1 }
                task.cancel()
                #expect(try await postgresError { try await task.value }.kind == .cancelled)
                #expect(pool.counts.waiting == 0)
            }
        }
    }

    @Test func `the server cancels a statement after the statement timeout`() async throws {
        try await withPool(size: 1, statementTimeout: .milliseconds(200)) { pool in
            let error = try await postgresError { try await pool.query("SELECT pg_sleep(60)") }
            #expect(error.sqlState == .queryCanceled)
            #expect(!error.isRetriable)
            #expect(try await pool.query("SELECT 1")[0][0, as: Int.self] == 1)
        }
    }

    @Test func `a call ends at its own deadline, and the connection stays usable`() async throws {
        try await withPool(size: 1) { pool in
            let process = try await pool.query("SELECT pg_backend_pid()")[0][0, as: Int.self]
            let start = ContinuousClock.now
            let error = try await postgresError { try await pool.query("SELECT pg_sleep(60)", timeout: .milliseconds(200)) }
            #expect(error.kind == .timedOut)
            #expect(error.sqlState == .queryCanceled)
            #expect(!error.isConnectionLost)
            #expect(.now - start < .seconds(10))
            #expect(try await pool.query("SELECT pg_backend_pid()")[0][0, as: Int.self] == process)
        }
    }
}
