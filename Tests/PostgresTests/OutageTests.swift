import Fixtures
import FoundationEssentials
import Logging
import Postgres
import Testing

/// Tests with their own servers, which they stop, freeze and cut off.
@Suite struct OutageTests {
    @Test func `calls during an outage fail at once as retriable, and recover after it`() async throws {
        try await withPrivatePostgres { server in
            try await withPool(size: 2, url: server.url()) { pool in
                let run = Task { try await pool.run() }
                defer { run.cancel() }
                try await pool.waitUntilReachable(timeout: .seconds(10))
                #expect(try await pool.query("SELECT 1")[0][0, as: Int.self] == 1)
                try await server.stop(.immediate)
                try await eventually("the loss is noticed without a call") { !pool.isReachable }
                let error = try await postgresError { try await pool.query("SELECT 1") }
                #expect(error.kind == .unreachable)
                #expect(error.isRetriable && !error.isCommitUnknown)
                try await eventually("failing at once") {
                    let start = ContinuousClock.now
                    _ = try? await pool.query("SELECT 1")
                    return .now - start < .milliseconds(20)
                }
                try await server.start()
                try await pool.waitUntilReachable(timeout: .seconds(10))
                #expect(try await pool.query("SELECT 1")[0][0, as: Int.self] == 1)
            }
        }
    }

    @Test func `a pool without run recovers after a restart too`() async throws {
        try await withPrivatePostgres { server in
            try await withPool(size: 1, url: server.url()) { pool in
                try await pool.query("SELECT 1")
                try await server.restart(.immediate)
                try await eventually("it answers") { (try? await pool.query("SELECT 1")) != nil }
            }
        }
    }

    @Test func `after all connections were terminated, the next call uses a new one`() async throws {
        try await withPool(size: 4) { pool, database in
            for _ in 0..<5 {
                try await database.terminateBackends()
                #expect(try await pool.query("SELECT 1")[0][0, as: Int.self] == 1)
                try await database.terminateBackends()
                #expect(try await pool.transaction { try await $0.query("SELECT 1")[0][0, as: Int.self] } == 1)
            }
        }
    }

    @Test func `a call whose connection is terminated half-way is lost with an unknown outcome`() async throws {
        try await withPool(size: 2) { pool, database in
            let task = Task { try await pool.query("SELECT pg_sleep(60)") }
            try await eventually("it runs") {
                try await database.value("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'") == "1"
            }
            try await database.terminateBackends()
            let error = try await postgresError { try await task.value }
            #expect(error.sqlState == .adminShutdown)
            #expect(error.isConnectionLost && error.isRetriable && error.isCommitUnknown)
        }
    }

    @Test func `a server that reports its end after the commit leaves the outcome unknown`() async throws {
        try await withPool(size: 2) { pool, _ in
            try await pool.query("CREATE TABLE t (x int)")
            let error = try await postgresError {
                try await pool.pipeline([
                    Call("BEGIN"), Call("INSERT INTO t VALUES (1)"), Call("COMMIT"), Call("SELECT pg_terminate_backend(pg_backend_pid())"),
                ])
            }
            #expect(error.sqlState == .adminShutdown)
            #expect(error.isConnectionLost && error.isCommitUnknown)
            #expect(try await pool.query("SELECT count(*) FROM t")[0][0, as: Int.self] == 1)
        }
    }

    @Test func `a transaction whose connection is lost does not continue outside of it`() async throws {
        try await withPool(size: 2) { pool, database in
            try await pool.query("CREATE TABLE t (x int)")
            let error = try await postgresError {
                try await pool.transaction { transaction in
                    try await transaction.query("INSERT INTO t VALUES (1)")
                    try await database.terminateBackends()
                    _ = try? await transaction.query("INSERT INTO t VALUES (2)")
                    try await transaction.query("INSERT INTO t VALUES (3)")
                }
            }
            #expect(error.isConnectionLost && error.isRetriable)
            #expect(try await pool.query("SELECT count(*) FROM t")[0][0, as: Int.self] == 0)
        }
    }

    @Test func `a server that dies during a commit leaves the outcome unknown`() async throws {
        try await withPrivatePostgres { server in
            try await withPool(size: 1, url: server.url(), statementTimeout: .seconds(30)) { pool in
                try await pool.query("CREATE TABLE t (x int)")
                let task = Task { try await pool.query("INSERT INTO t SELECT 1 FROM pg_sleep(60)") }
                try await eventually("it runs") {
                    try await server.psql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'INSERT%' AND state = 'active'") == [["1"]]
                }
                try await server.stop(.immediate)
                let error = try await postgresError { try await task.value }
                // After SIGQUIT a server process may or may not send a last message (57P02).
                #expect(error.isConnectionLost && error.isRetriable && error.isCommitUnknown)
            }
        }
    }

    @Test func `a frozen server does not hang its callers: the deadline ends the call and the connection`() async throws {
        try await withPrivatePostgres { server in
            try await withPool(size: 2, url: server.url() + "?connect_timeout=2") { pool in
                try await pool.query("SELECT 1")
                try await server.suspend()
                let start = ContinuousClock.now
                let error = try await postgresError { try await pool.query("SELECT 1", timeout: .milliseconds(300)) }
                #expect(.now - start < .seconds(10))
                #expect(error.kind == .timedOut)
                #expect(error.isConnectionLost && error.isRetriable && error.isCommitUnknown)
                #expect(pool.counts.used == 0)
                let next = try await postgresError { try await pool.query("SELECT 1", timeout: .milliseconds(300)) }
                #expect(next.kind == .unreachable)
                await server.resume()
                try await pool.waitUntilReachable(timeout: .seconds(10))
                #expect(try await pool.query("SELECT 1")[0][0, as: Int.self] == 1)
            }
        }
    }

    @Test func `a frozen server is noticed without a call`() async throws {
        try await withPrivatePostgres { server in
            try await withPool(size: 2, url: server.url() + "?connect_timeout=2") { pool in
                let run = Task { try await pool.run() }
                defer { run.cancel() }
                try await pool.waitUntilReachable(timeout: .seconds(10))
                try await server.suspend()
                let deadline = ContinuousClock.now + .seconds(12)
                while pool.isReachable && .now < deadline { try await Task.sleep(for: .milliseconds(50)) }
                #expect(!pool.isReachable)
                await server.resume()
                try await pool.waitUntilReachable(timeout: .seconds(10))
            }
        }
    }

    @Test func `of several hosts, an unreachable one is skipped`() async throws {
        let port = try await PrivatePostgres.shared().port
        // Port 9 of the loopback refuses connections.
        let url = "postgresql://postgres@127.0.0.1:9,127.0.0.1:\(port)/postgres?target_session_attrs=read-write"
        try await withPool(size: 1, url: url) { pool async throws in
            #expect(try await pool.query("SELECT inet_server_port()")[0][0, as: Int.self] == port)
        }
    }

    @Test func `an unreachable host is named in the error, the password is not`() async throws {
        let url = "postgresql://someone:s3cret-word@127.0.0.1:9/postgres"
        try await withPool(size: 1, url: url) { pool in
            let error = try await postgresError { try await pool.query("SELECT 1") }
            #expect(error.kind == .unreachable)
            #expect(error.message.contains("127.0.0.1"))
            #expect(!"\(error)".contains("s3cret"))
            let again = try await postgresError { try await pool.waitUntilReachable(timeout: .milliseconds(300)) }
            #expect(again.kind == .unreachable)
        }
    }
}
