import Fixtures
import FoundationEssentials
import Postgres
import Testing

/// Arrays are the parameters of set-based SQL.
@Suite struct ArrayTests {
    private func roundTrip<Value: PostgresEncodable & PostgresDecodable & Equatable>(_ value: Value, type: String) async throws {
        let (back, name) = try await withPool(size: 1) { pool in
            try await pool.query("SELECT $1, pg_typeof($1)::text", value)[0].decode((Value, String).self)
        }
        #expect(back == value)
        #expect(name == type)
    }

    @Test func `arrays of every type survive a round trip, also extremes and empty arrays`() async throws {
        try await self.roundTrip([UUID(), UUID()], type: "uuid[]")
        try await self.roundTrip([Int16.min, 0, .max], type: "smallint[]")
        try await self.roundTrip([Int32.min, 0, .max], type: "integer[]")
        try await self.roundTrip([Int64.min, 0, .max], type: "bigint[]")
        try await self.roundTrip([Int.min, 0, .max], type: "bigint[]")
        try await self.roundTrip([true, false], type: "boolean[]")
        try await self.roundTrip([0.5, -.infinity, .greatestFiniteMagnitude], type: "double precision[]")
        try await self.roundTrip(["", "NULL", #"{"a",\}"#, "😀"], type: "text[]")
        try await self.roundTrip([[], [0, 255], Array(repeating: 7, count: 70_000)] as [[UInt8]], type: "bytea[]")
        try await self.roundTrip([Date(timeIntervalSince1970: 0), Date(timeIntervalSince1970: 1_795_555_555.5)], type: "timestamp with time zone[]")
        try await self.roundTrip([JSONB("{}"), JSONB("[1, 2]")], type: "jsonb[]")
        try await self.roundTrip([JSONText("{  }"), JSONText("null")], type: "json[]")
        try await self.roundTrip([] as [UUID], type: "uuid[]")
        try await self.roundTrip([] as [String?], type: "text[]")
    }

    @Test func `elements may be NULL, and are refused where the element is not Optional`() async throws {
        try await self.roundTrip([UUID(), nil], type: "uuid[]")
        try await self.roundTrip([nil, Int16.max], type: "smallint[]")
        try await self.roundTrip([nil, Int32.max, nil], type: "integer[]")
        try await self.roundTrip([Int64.min, nil], type: "bigint[]")
        try await self.roundTrip([true, nil], type: "boolean[]")
        try await self.roundTrip([nil, ""], type: "text[]")
        try await self.roundTrip([nil, []] as [[UInt8]?], type: "bytea[]")
        try await self.roundTrip([nil, Date(timeIntervalSince1970: 0)], type: "timestamp with time zone[]")
        try await self.roundTrip([JSONB("1"), nil], type: "jsonb[]")
        try await self.roundTrip([nil, JSONText("1")], type: "json[]")
        try await self.roundTrip([nil, nil] as [Double?], type: "double precision[]")
        try await withPool(size: 1) { pool in
            let row = try await pool.query("SELECT ARRAY[1, NULL]::bigint[] AS ids")[0]
            #expect(try await postgresError { try row[0, as: [Int64].self] }.column == "ids")
        }
    }

    @Test func `arrays of two dimensions are refused`() async throws {
        try await withPool(size: 1) { pool in
            let row = try await pool.query("SELECT ARRAY[[1, 2], [3, 4]]")[0]
            #expect(try await postgresError { try row[0, as: [Int].self] }.kind == .undecodable)
        }
    }

    @Test func `one statement over arrays writes a batch of rows and returns the new ones`() async throws {
        try await withPool(size: 1) { pool in
            try await pool.query("CREATE TABLE inbox (id uuid PRIMARY KEY, total bigint NOT NULL, name text, at timestamptz NOT NULL)")
            let insert: Statement = """
                INSERT INTO inbox SELECT * FROM unnest($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING id
                """
            let ids = (0..<256).map { _ in UUID() }
            let names = (0..<256).map { $0.isMultiple(of: 3) ? nil : "name \($0)" }
            let first = try await pool.query(insert, Array(ids[..<200]), Array(0..<200), Array(names[..<200]), Array(repeating: Date(), count: 200))
            #expect(first.affected == 200)
            #expect(try first.decode(UUID.self) == Array(ids[..<200]))
            let second = try await pool.query(insert, ids, Array(0..<256), names, Array(repeating: Date(), count: 256))
            #expect(try second.decode(UUID.self) == Array(ids[200...]))
            let rows = try await pool.query("SELECT id, total, name FROM inbox ORDER BY total")
            for (index, (id, total, name)) in try rows.decode((UUID, Int, String?).self).enumerated() {
                #expect(id == ids[index] && total == index && name == names[index])
            }
        }
    }
}
