import Fixtures
import FoundationEssentials
import Postgres
import Testing

/// Every value goes to the server and comes back, compared with the server's own interpretation.
@Suite struct TypeTests {
    /// Sends a value without a cast, and reads it with its text and its type.
    private func roundTrip<Value: PostgresEncodable & PostgresDecodable>(_ value: Value) async throws -> (Value, String?, String) {
        try await withPool(size: 1) { pool in
            try await pool.query("SELECT $1, $1::text, pg_typeof($1)::text", value)[0].decode((Value, String?, String).self)
        }
    }

    @Test func `integers keep their extremes and are smallint, integer and bigint`() async throws {
        for value in [Int16.min, -1, 0, .max] { #expect(try await self.roundTrip(value) == (value, "\(value)", "smallint")) }
        for value in [Int32.min, -1, 0, .max] { #expect(try await self.roundTrip(value) == (value, "\(value)", "integer")) }
        for value in [Int64.min, -1, 0, .max] { #expect(try await self.roundTrip(value) == (value, "\(value)", "bigint")) }
        for value in [Int.min, -1, 0, .max] { #expect(try await self.roundTrip(value) == (value, "\(value)", "bigint")) }
    }

    @Test func `an integer is read as any type that it fits into, and refused by others`() async throws {
        try await withPool(size: 1) { pool in
            let row = try await pool.query("SELECT 7::smallint, 70000, 5000000000, sum(x) FROM (VALUES (3::bigint), (4)) AS t(x)")[0]
            #expect(try row.decode((Int64, Int, Int, Int32).self) == (7 as Int64, 70_000, 5_000_000_000, 7 as Int32))
            #expect(throws: PostgresError.self) { try row[1, as: Int16.self] }
            #expect(throws: PostgresError.self) { try row[2, as: Int32.self] }
        }
    }

    @Test func `booleans and doubles, infinities and not-a-number too`() async throws {
        #expect(try await self.roundTrip(true) == (true, "true", "boolean"))
        #expect(try await self.roundTrip(false) == (false, "false", "boolean"))
        for value in [0.1, -1e308, .leastNonzeroMagnitude, .infinity, -.infinity] {
            let (back, _, type) = try await self.roundTrip(value)
            #expect(back == value)
            #expect(type == "double precision")
        }
        #expect(try await self.roundTrip(Double.nan).0.isNaN)
    }

    @Test func `texts keep every character, including quotes and the empty text`() async throws {
        for value in ["", "'; DROP TABLE x; --", #"{"a",NULL,\\}"#, "😀 ü\n\t", String(repeating: "x", count: 100_000)] {
            #expect(try await self.roundTrip(value) == (value, value, "text"))
        }
    }

    @Test func `the server refuses a text with NUL, and the error is not retriable`() async throws {
        try await withPool(size: 1) { pool in
            let error = try await postgresError { try await pool.query("SELECT $1", "a\0b") }
            #expect(error.sqlState == .characterNotInRepertoire)
            #expect(!error.isRetriable)
            #expect(try await pool.query("SELECT 1")[0][0, as: Int.self] == 1)
        }
    }

    @Test func `uuid and bytea are sent as their bytes`() async throws {
        let id = UUID()
        #expect(try await self.roundTrip(id) == (id, id.uuidString.lowercased(), "uuid"))
        #expect(try await self.roundTrip([0, 1, 0x7F, 0xFF] as [UInt8]) == ([0, 1, 0x7F, 0xFF], #"\x00017fff"#, "bytea"))
        #expect(try await self.roundTrip([] as [UInt8]) == ([], #"\x"#, "bytea"))
    }

    @Test func `a date is a timestamptz to the microsecond, at both ends of the calendar`() async throws {
        let date = Date(timeIntervalSince1970: 1_795_555_555.123_456)
        let (back, text, type) = try await self.roundTrip(date)
        #expect(abs(back.timeIntervalSince(date)) < 0.000_000_5)
        #expect(text == "2026-11-24 21:25:55.123456+00")
        #expect(type == "timestamp with time zone")
        #expect(try await self.roundTrip(Date(timeIntervalSince1970: 946_684_800)).1 == "2000-01-01 00:00:00+00")
        #expect(try await self.roundTrip(Date(timeIntervalSince1970: -62_135_596_800)).1 == "0001-01-01 00:00:00+00")
        let infinite = Date(timeIntervalSinceReferenceDate: .infinity)
        #expect(try await self.roundTrip(infinite) == (infinite, "infinity", "timestamp with time zone"))
        let past = Date(timeIntervalSinceReferenceDate: -.infinity)
        #expect(try await self.roundTrip(past) == (past, "-infinity", "timestamp with time zone"))
        // Dates outside of Postgres' calendar, one by one and in an array.
        for (seconds, nearest, text) in [
            (-1e12, past, "-infinity"), (-1e30, past, "-infinity"), (9_224_318_200_000, infinite, "infinity"), (1e30, infinite, "infinity"),
        ] {
            let date = Date(timeIntervalSince1970: seconds)
            #expect(try await self.roundTrip(date) == (nearest, text, "timestamp with time zone"))
            #expect(try await self.roundTrip([date]).0 == [nearest])
        }
    }

    @Test func `json keeps its text, jsonb its meaning`() async throws {
        let text = #"{"b":  1, "a": [null, "ü"]}"#
        #expect(try await self.roundTrip(JSONText(text)) == (JSONText(text), text, "json"))
        #expect(try await self.roundTrip(JSONB(text)).1 == #"{"a": [null, "ü"], "b": 1}"#)
        try await withPool(size: 1) { pool in
            let row = try await pool.query("SELECT '{\"a\": 1}'::jsonb, '[2]'::json")[0]
            #expect(try row.decode((String, String).self) == (#"{"a": 1}"#, "[2]"))
            #expect(try row.decode(([UInt8], [UInt8]).self) == (Array(#"{"a": 1}"#.utf8), Array("[2]".utf8)))
            let error = try await postgresError { try await pool.query("SELECT $1", JSONB("{")) }
            #expect(error.sqlState?.category == "22")
        }
    }

    @Test func `numeric is read in decimal as the server writes it`() async throws {
        let values = [
            "0", "1", "-1", "0.5", "-0.001", "10000", "9999.9999", "12345678901234567890.123456789", "1e-10", "1e20", "100000000", "0.00", "5.10",
            "NaN", "Infinity", "-Infinity", "0.00010000", "-12345.0001",
        ]
        try await withPool(size: 1) { pool in
            let rows = try await pool.query("SELECT x::numeric, x::numeric::text FROM unnest($1) AS x", values)
            for (value, text) in try rows.decode((String, String).self) { #expect(value == text) }
            #expect(rows.count == values.count)
            #expect(try await pool.query("SELECT 1.25")[0][0, as: Double.self] == 1.25)
        }
    }

    @Test func `NULL is nil, and refused where nil is not possible, with the column's name`() async throws {
        #expect(try await self.roundTrip(nil as String?) == (nil, nil, "text"))
        #expect(try await self.roundTrip(nil as UUID?) == (nil, nil, "uuid"))
        #expect(try await self.roundTrip(5 as Int32?) == (5, "5", "integer"))
        #expect(try await self.roundTrip(nil as [String]?) == (nil, nil, "text[]"))
        try await withPool(size: 1) { pool in
            let row = try await pool.query("SELECT NULL::text AS full_name")[0]
            #expect(row.isNull(0))
            let error = try await postgresError { try row["full_name", as: String.self] }
            #expect(error.kind == .undecodable)
            #expect(error.column == "full_name")
        }
    }

    @Test func `a column that is missing or of another type is refused by name`() async throws {
        try await withPool(size: 1) { pool in
            let row = try await pool.query("SELECT 1 AS one, now() AS now, 'x' AS word")[0]
            for error in [
                try await postgresError { try row["one", as: UUID.self] }, try await postgresError { try row["one", as: String.self] },
                try await postgresError { try row["one", as: Bool.self] }, try await postgresError { try row["one", as: [Int].self] },
            ] {
                #expect(error.kind == .undecodable)
                #expect(error.column == "one")
                #expect(!error.isRetriable)
            }
            #expect(try await postgresError { try row["now", as: Int64.self] }.column == "now")
            #expect(try await postgresError { try row["word", as: Int64.self] }.column == "word")
            #expect(try await postgresError { try row["two", as: Int64.self] }.column == "two")
            #expect(try await postgresError { try row[3, as: Int64.self] }.kind == .undecodable)
        }
    }

    @Test func `enums, domains and other texts are read as text, Swift enums by their raw value`() async throws {
        enum Status: String, PostgresScalar { case pending, paid }
        try await withPool(size: 1) { pool in
            try await pool.query("CREATE TYPE mood AS ENUM ('sad', 'fine')")
            let row = try await pool.query("SELECT 'fine'::mood, 'x'::varchar, 'y'::char(1), 'z'::name, $1, $2", Status.paid, [Status.pending])[0]
            #expect(try row.decode((String, String, String, String).self) == ("fine", "x", "y", "z"))
            #expect(try row[4, as: Status.self] == .paid)
            #expect(try row[5, as: [Status].self] == [.pending])
            #expect(throws: PostgresError.self) { try row[1, as: Status.self] }
        }
    }
}
