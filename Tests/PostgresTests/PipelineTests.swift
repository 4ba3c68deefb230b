import Fixtures
import FoundationEssentials
import Postgres
import Testing

@Suite struct PipelineTests {
    @Test func `a pipeline returns the results of its statements in order`() async throws {
        try await withPool(size: 1) { pool in
            let results = try await pool.pipeline([
                Call("CREATE TABLE t (x int)"), Call("INSERT INTO t SELECT generate_series(1, $1)", 3), Call("SELECT x FROM t ORDER BY x"),
                Call("DELETE FROM t WHERE x > $1", 1), Call("SELECT 'no row' WHERE false"),
            ])
            #expect(results.map(\.affected) == [0, 3, 3, 2, 0])
            #expect(try results[2].decode(Int.self) == [1, 2, 3])
            #expect(results[4].isEmpty)
            #expect(results[4].columns.count == 1)
        }
    }

    @Test func `a failing statement in the middle undoes all of them, is named, and leaves the connection usable`() async throws {
        try await withPool(size: 1) { pool in
            try await pool.query("CREATE TABLE t (x int PRIMARY KEY)")
            let insert: Statement = "INSERT INTO t VALUES ($1)"
            let process = try await pool.query("SELECT pg_backend_pid()")[0][0, as: Int.self]
            let error = try await postgresError {
                try await pool.pipeline([Call(insert, 1), Call(insert, 2), Call(insert, 1), Call(insert, 3), Call("SELECT 1/0")])
            }
            #expect(error.sqlState == .uniqueViolation)
            #expect(error.constraint == "t_pkey")
            #expect(error.table == "t")
            #expect(error.statementIndex == 2)
            #expect(error.statement == insert)
            #expect(!error.isRetriable && !error.isConnectionLost && !error.isCommitUnknown)
            #expect(try await pool.query("SELECT count(*) FROM t")[0][0, as: Int.self] == 0)
            #expect(try await pool.query("SELECT pg_backend_pid()")[0][0, as: Int.self] == process)
        }
    }

    @Test func `a statement that does not parse fails alone, and later ones are usable`() async throws {
        try await withPool(size: 1) { pool in
            let later: Statement = "SELECT 2"
            let error = try await postgresError { try await pool.pipeline([Call("SELECT 1"), Call("SELEKT"), Call(later)]) }
            #expect(error.sqlState?.rawValue == "42601")
            #expect(error.statementIndex == 1)
            #expect(try await pool.query(later)[0][0, as: Int.self] == 2)
            #expect(try await pool.query("SELECT 1")[0][0, as: Int.self] == 1)
        }
    }

    @Test func `an error at the commit of a pipeline is its error too`() async throws {
        try await withPool(size: 1) { pool in
            try await pool.query("CREATE TABLE t (x int CONSTRAINT one_x UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            let error = try await postgresError { try await pool.pipeline([Call("INSERT INTO t VALUES (1)"), Call("INSERT INTO t VALUES (1)")]) }
            #expect(error.sqlState == .uniqueViolation)
            #expect(error.constraint == "one_x")
            #expect(try await pool.query("SELECT count(*) FROM t")[0][0, as: Int.self] == 0)
        }
    }

    @Test func `values of rows appear only in the detail, which no description contains`() async throws {
        try await withPool(size: 1) { pool in
            try await pool.query("CREATE TABLE t (email text PRIMARY KEY)")
            let insert: Statement = "INSERT INTO t VALUES ($1)"
            try await pool.query(insert, "someone@example.org")
            let error = try await postgresError { try await pool.query(insert, "someone@example.org") }
            #expect(error.detail?.contains("someone@example.org") == true)
            #expect(!"\(error)".contains("someone"))
            #expect("\(error)".contains("23505"))
        }
    }

    @Test func `COPY, which a pipeline cannot contain, fails and does not hang`() async throws {
        try await withPool(size: 1) { pool in
            let error = try await postgresError { try await pool.query("COPY (SELECT 1) TO STDOUT", timeout: .seconds(3)) }
            #expect(error.kind == .connectionLost)
            #expect(try await pool.query("SELECT 1")[0][0, as: Int.self] == 1)
        }
    }

    @Test func `a hundred thousand rows are read at once`() async throws {
        try await withPool(size: 1) { pool in
            let rows = try await pool.query("SELECT x, 'row ' || x, md5(x::text)::uuid FROM generate_series(1, $1) AS x", 100_000)
            #expect(rows.count == 100_000)
            var sum = 0
            for (number, text, _) in try rows.decode((Int, String, UUID).self) {
                sum += number
                if text != "row \(number)" { Issue.record("\(text) is not row \(number)") }
            }
            #expect(sum == 100_000 * 100_001 / 2)
        }
    }

    @Test func `parameters and results beyond the socket's buffers do not deadlock`() async throws {
        try await withPool(size: 1) { pool in
            let big = [UInt8](repeating: 7, count: 8 << 20)
            let results = try await pool.pipeline((0..<6).map { _ in Call("SELECT $1", big) })
            for rows in results { #expect(try rows[0][0, as: [UInt8].self] == big) }
        }
    }

    @Test func `more parameters than the protocol allows are refused before anything is sent`() async throws {
        try await withPool(size: 1) { pool async throws in
            let call = Call("SELECT 1", parameters: [Int](repeating: 1, count: 70_000))
            #expect(try await postgresError { try await pool.pipeline([call]) }.kind == .invalidCall)
            #expect(try await pool.query("SELECT 1")[0][0, as: Int.self] == 1)
        }
    }

    @Test func `settings in the URL reach the server and win over ours`() async throws {
        let server = try await PrivatePostgres.shared()
        let url = server.url() + "?options=-c%20plan_cache_mode%3Dforce_generic_plan%20-c%20statement_timeout%3D1234&application_name=named"
        try await withPool(size: 1, url: url) { pool in
            let row = try await pool.query(
                "SELECT current_setting('plan_cache_mode'), current_setting('statement_timeout'), current_setting('application_name'), current_setting('timezone')"
            )[0]
            #expect(try row.decode((String, String, String, String).self) == ("force_generic_plan", "1234ms", "named", "UTC"))
        }
        try await withPool(size: 1, url: server.url(), statementTimeout: .seconds(7)) { pool in
            let row = try await pool.query("SELECT current_setting('statement_timeout'), current_setting('application_name')")[0]
            #expect(try row.decode((String, String).self) == ("7s", "tests"))
        }
    }
}
