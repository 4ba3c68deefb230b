import Fixtures
import FoundationEssentials
import Logging
import Postgres
import Synchronization
import Testing

@Suite struct TransactionTests {
    private struct Refused: Error {}

    private func withTable(size: Int = 2, _ body: (PostgresPool) async throws -> Void) async throws {
        try await withPool(size: size) { pool in
            try await pool.query("CREATE TABLE t (id bigserial PRIMARY KEY, x int CONSTRAINT x_is_positive CHECK (x > 0))")
            try await body(pool)
        }
    }

    private func values(_ pool: PostgresPool) async throws -> [Int] { try await pool.query("SELECT x FROM t ORDER BY id").decode(Int.self) }

    @Test func `other sessions see writes after the commit, and only then`() async throws {
        try await self.withTable { pool in
            let returned = try await pool.transaction { transaction in
                try await transaction.query("INSERT INTO t (x) VALUES ($1)", 1)
                #expect(try await transaction.query("SELECT x FROM t").decode(Int.self) == [1])
                #expect(try await self.values(pool) == [])
                return "value"
            }
            #expect(returned == "value")
            #expect(try await self.values(pool) == [1])
        }
    }

    @Test func `a body that throws undoes everything, and its error is rethrown`() async throws {
        try await self.withTable(size: 1) { pool async throws in
            await #expect(throws: Refused.self) {
                try await pool.transaction { transaction in
                    try await transaction.query("INSERT INTO t (x) VALUES (1)")
                    transaction.enqueue("INSERT INTO t (x) VALUES (2)")
                    throw Refused()
                }
            }
            #expect(try await self.values(pool) == [])
        }
    }

    @Test func `deferred writes keep their order, before the next query and before the commit`() async throws {
        try await self.withTable(size: 1) { pool in
            let insert: Statement = "INSERT INTO t (x) VALUES ($1)"
            try await pool.transaction { transaction in
                transaction.enqueue(insert, 1)
                transaction.enqueue(insert, 2)
                #expect(try await transaction.query("SELECT x FROM t ORDER BY id").decode(Int.self) == [1, 2])
                let results = try await transaction.pipeline([Call(insert, 3), Call("SELECT count(*) FROM t")])
                #expect(try results[1][0][0, as: Int.self] == 3)
                transaction.enqueue(insert, 4)
                transaction.enqueue(insert, 5)
            }
            #expect(try await self.values(pool) == [1, 2, 3, 4, 5])
        }
    }

    @Test func `a transaction of deferred writes only is one pipeline, all or nothing`() async throws {
        try await self.withTable(size: 1) { pool in
            let insert: Statement = "INSERT INTO t (x) VALUES ($1)"
            try await pool.transaction { transaction in
                transaction.enqueue(insert, 1)
                transaction.enqueue(insert, 2)
            }
            #expect(try await self.values(pool) == [1, 2])
            let error = try await postgresError {
                try await pool.transaction { transaction in
                    transaction.enqueue(insert, 3)
                    transaction.enqueue(insert, -1)
                }
            }
            #expect(error.sqlState == .checkViolation)
            #expect(error.constraint == "x_is_positive")
            #expect(error.statement == insert)
            #expect(error.statementIndex == nil)
            #expect(try await self.values(pool) == [1, 2])
        }
    }

    @Test func `a failing deferred write is the error of the commit, and undoes everything`() async throws {
        try await self.withTable(size: 1) { pool in
            let error = try await postgresError {
                try await pool.transaction { transaction in
                    try await transaction.query("INSERT INTO t (x) VALUES (1)")
                    transaction.enqueue("INSERT INTO t (x) VALUES (-1)")
                }
            }
            #expect(error.constraint == "x_is_positive")
            #expect(try await self.values(pool) == [])
        }
    }

    @Test func `the index of a failed statement counts the caller's own statements`() async throws {
        try await self.withTable(size: 1) { pool in
            let error = try await postgresError {
                try await pool.transaction { transaction in
                    transaction.enqueue("INSERT INTO t (x) VALUES (1)")
                    try await transaction.pipeline([Call("SELECT 1"), Call("SELECT 1/0")])
                }
            }
            #expect(error.statementIndex == 1)
        }
    }

    @Test func `a transaction whose body swallows an error is not committed`() async throws {
        try await self.withTable(size: 1) { pool in
            let error = try await postgresError {
                try await pool.transaction { transaction in
                    try await transaction.query("INSERT INTO t (x) VALUES (1)")
                    _ = try? await transaction.query("SELECT 1/0")
                }
            }
            #expect(error.sqlState == .inFailedTransaction)
            #expect(try await self.values(pool) == [])
        }
    }

    @Test func `a savepoint of the body preserves the work before it`() async throws {
        try await self.withTable(size: 1) { pool in
            try await pool.transaction { transaction in
                try await transaction.pipeline([Call("INSERT INTO t (x) VALUES (1)"), Call("SAVEPOINT here")])
                _ = try? await transaction.query("INSERT INTO t (x) VALUES (-1)")
                try await transaction.query("ROLLBACK TO SAVEPOINT here")
                try await transaction.query("INSERT INTO t (x) VALUES (2)")
            }
            #expect(try await self.values(pool) == [1, 2])
        }
    }

    @Test func `after a COMMIT by the body no further statement is executed`() async throws {
        try await self.withTable(size: 1) { pool in
            let error = try await postgresError {
                try await pool.transaction { transaction in
                    try await transaction.query("INSERT INTO t (x) VALUES (1)")
                    try await transaction.query("COMMIT")
                    try await transaction.query("INSERT INTO t (x) VALUES (2)")
                }
            }
            #expect(error.kind == .invalidCall)
            #expect(try await self.values(pool) == [1])
        }
    }

    @Test func `an empty transaction sends nothing`() async throws {
        let pool = try await PostgresPool(
            url: PrivatePostgres.shared().url(), size: 1, applicationName: "tests", statementTimeout: nil, logger: .silent)
        #expect(try await pool.transaction { _ in 7 } == 7)
        await pool.close()
    }

    @Test func `a snapshot reads one state and refuses writes`() async throws {
        try await self.withTable { pool in
            try await pool.transaction(.snapshot) { transaction in
                #expect(try await transaction.query("SELECT count(*) FROM t")[0][0, as: Int.self] == 0)
                try await pool.query("INSERT INTO t (x) VALUES (1)")
                #expect(try await transaction.query("SELECT count(*) FROM t")[0][0, as: Int.self] == 0)
            }
            let error = try await postgresError { try await pool.transaction(.snapshot) { $0.enqueue("INSERT INTO t (x) VALUES (1)") } }
            #expect(error.sqlState == .readOnlyTransaction)
        }
    }

    /// Two transactions that lock two rows crosswise; each waits until the other has its first.
    private func deadlock(_ pool: PostgresPool, attempts: Int) async throws -> [Result<Void, any Error>] {
        try await pool.query("INSERT INTO t (x) VALUES (1), (1)")
        let arrived = Arrivals(2)
        return await withTaskGroup { group in
            for (first, second) in [(1, 2), (2, 1)] {
                group.addTask {
                    do {
                        try await pool.transaction(attempts: attempts) { transaction in
                            try await transaction.query("UPDATE t SET x = x + 1 WHERE id = $1", first)
                            await arrived.arriveAndWait()
                            try await transaction.query("UPDATE t SET x = x + 1 WHERE id = $1", second)
                        }
                        return Result<Void, any Error>.success(())
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test func `of two deadlocked transactions one succeeds and the other fails as retriable`() async throws {
        try await self.withTable { pool async throws in
            let failures = try await self.deadlock(pool, attempts: 1).compactMap { result in
                if case .failure(let error) = result { error as? PostgresError } else { nil }
            }
            #expect(failures.map(\.sqlState) == [.deadlockDetected])
            #expect(failures.map(\.isRetriable) == [true])
            #expect(try await self.values(pool) == [2, 2])
        }
    }

    @Test func `with two attempts a deadlock goes unnoticed`() async throws {
        try await self.withTable { pool in
            for result in try await self.deadlock(pool, attempts: 3) { try result.get() }
            #expect(try await self.values(pool) == [3, 3])
        }
    }
}

/// A barrier: it opens when all tasks have arrived.
private actor Arrivals {
    private var missing: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { self.missing = count }

    func arriveAndWait() async {
        self.missing -= 1
        if self.missing > 0 {
            await withCheckedContinuation { self.waiting.append($0) }
        } else {
            for continuation in self.waiting { continuation.resume() }
            self.waiting = []
        }
    }
}
