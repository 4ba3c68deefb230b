import FoundationEssentials
import Kit
import Postgres

/// Who did what: the rows of `audit_log`, newest first.
struct AuditLog: Sendable {
    let pool: PostgresPool

    struct Entry: Sendable {
        var id: Int64
        var at: Date
        var actor: String
        var act: String
        var subject: String
        var reason: String?
    }

    private static let list: Statement = """
        select id, at, actor, act, subject, reason from audit_log
        where ($1::int8 is null or id < $1) and ($2 or actor like 'operator:%') and ($3::text is null or actor = $3) and ($4::text is null or act = $4)
        order by id desc limit $5
        """

    /// - Parameters:
    ///   - id: the list goes on before this entry.
    ///   - all: with what was only seen of dead letters, by the system.
    func entries(before id: Int64?, all: Bool, actor: String?, act: String?, limit: Int) async throws -> [Entry] {
        try await self.pool.query(Self.list, id, all, actor?.withoutNUL, act?.withoutNUL, Int64(limit)).map { row in
            Entry(id: try row[0], at: try row[1], actor: try row[2], act: try row[3], subject: try row[4], reason: try row[5])
        }
    }
}
