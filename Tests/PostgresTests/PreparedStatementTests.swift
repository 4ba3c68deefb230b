import Fixtures
import FoundationEssentials
import Postgres
import Testing

@Suite struct PreparedStatementTests {
    private static let prepared: Statement =
        "SELECT name, calls FROM (SELECT name, generic_plans + custom_plans AS calls, statement FROM pg_prepared_statements) AS p WHERE statement = $1"

    @Test func `a statement is prepared once per connection, with the same name on all connections`() async throws {
        try await withPool(size: 1) { pool in
            let statement: Statement = "SELECT $1 + 1"
            for number in 1...5 { #expect(try await pool.query(statement, number)[0][0, as: Int.self] == number + 1) }
            let rows = try await pool.query(Self.prepared, statement.sql)
            let (name, calls) = try rows[0].decode((String, Int).self)
            #expect(rows.count == 1)
            #expect(calls == 5)
            try await withPool(size: 1) { other in
                try await other.query(statement, 1)
                #expect(try await other.query(Self.prepared, statement.sql)[0][0, as: String.self] == name)
            }
        }
    }

    @Test func `the same text with other parameter types is another statement`() async throws {
        try await withPool(size: 1) { pool async throws in
            let statement: Statement = "SELECT pg_typeof($1)::text"
            #expect(try await pool.query(statement, 1)[0][0, as: String.self] == "bigint")
            #expect(try await pool.query(statement, "x")[0][0, as: String.self] == "text")
            #expect(try await pool.query(statement, 1)[0][0, as: String.self] == "bigint")
        }
    }

    @Test func `an unprepared statement leaves nothing on the server`() async throws {
        try await withPool(size: 1) { pool in
            let statement = Statement("SELECT 'made at run time'", prepared: false)
            try await pool.query(statement)
            try await pool.query(statement)
            #expect(try await pool.query(Self.prepared, statement.sql).isEmpty)
        }
    }

    @Test func `a result that DDL has changed is read again with its new columns`() async throws {
        try await withPool(size: 1) { pool in
            try await pool.query("CREATE TABLE t (a int)")
            try await pool.query("INSERT INTO t VALUES (1)")
            let select: Statement = "SELECT * FROM t"
            #expect(try await pool.query(select).columns.map(\.name) == ["a"])
            try await pool.query("ALTER TABLE t ADD COLUMN b text DEFAULT 'new'")
            let row = try await pool.query(select)[0]
            #expect(row.columns.map(\.name) == ["a", "b"])
            #expect(try row["b", as: String.self] == "new")
        }
    }

    @Test func `DDL before a transaction's first statement goes unnoticed, in its middle it is a retriable error`() async throws {
        try await withPool(size: 2) { pool in
            try await pool.query("CREATE TABLE t (a int)")
            let select: Statement = "SELECT * FROM t"
            try await pool.transaction { transaction in
                try await transaction.query(select)
            }
            try await pool.query("ALTER TABLE t ADD COLUMN b int")
            let columns = try await pool.transaction { transaction in
                transaction.enqueue("INSERT INTO t (a) VALUES (1)")
                return try await transaction.query(select).columns.count
            }
            #expect(columns == 2)
            #expect(try await pool.query("SELECT count(*) FROM t")[0][0, as: Int.self] == 1)
            let error = try await postgresError {
                try await pool.transaction { transaction in
                    try await transaction.query("ALTER TABLE t ADD COLUMN c int")
                    try await transaction.query(select)
                }
            }
            #expect(error.sqlState == .featureNotSupported)
            #expect(error.isRetriable)
            #expect(try await pool.query(select).columns.count == 2)
        }
    }

    @Test func `statements that the server has forgotten are prepared again`() async throws {
        try await withPool(size: 1) { pool in
            let statement: Statement = "SELECT 5"
            try await pool.query(statement)
            try await pool.query("DEALLOCATE ALL")
            #expect(try await pool.query(statement)[0][0, as: Int.self] == 5)
        }
    }
}
