import FoundationEssentials
import Postgres
import Testing

func face(_ pool: PostgresPool, ids: [UUID], names: [String?], raw: [UInt8], blobs: [[UInt8]]) async throws {
    let rows = try await pool.query("select $1", ids, names, raw, blobs, [1, 2], "x", 5, Date(), true, nil as String?, [JSONB("{}")])
    for (id, total) in try rows.decode((UUID, Int64?).self) { _ = (id, total) }
    for id in try rows.decode(UUID.self) { _ = id }
    let (a, b, c) = try rows[0].decode((UUID, [String?], [UInt8]).self)
    _ = (a, b, c)
    let name: String = try rows[0]["name"]
    _ = name
    try await pool.query("select 1", timeout: .seconds(1))
    let n = try await pool.transaction { t in
        t.enqueue("insert", ids)
        return try await t.query("select 1").count
    }
    _ = try await pool.pipeline([Call("a", 1), Call("b")])
    _ = n
}
