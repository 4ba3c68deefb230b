import Conveyor
import FoundationEssentials
import Postgres

/// The rows of `audit_log`, newest first.
struct AuditLog: Sendable {
    let pool: PostgresPool

    /// An action; a bulk action, such as a replay of many, is one entry.
    struct Entry: Sendable {
        /// The id of the newest row.
        var at: Date
        var actor: String
        var act: String
        /// The time of the newest row.
        var subject: String
        var reason: String?
        /// The number of subjects.
        var count = 1
        /// The id of the row after which the list continues.
        fileprivate(set) var oldest: Int64

        /// Whether both belong to one bulk action of one person with one reason.
        fileprivate func isOneWith(_ other: Entry) -> Bool {
            ["replay", "discard"].contains(self.act) && self.reason != nil && self.reason == other.reason && self.act == other.act
                && self.actor == other.actor
        }
    }

    private static let list: Statement = """
        select id, at, actor, act, subject, reason from audit_log
        where ($1::int8 is null or id < $1) and ($2 or actor like 'operator:%') and ($3::text is null or actor = $3) and ($4::text is null or act = $4)
        order by id desc limit $5
        """
    private static let chunk = 1000
    /// The limit of rows per page, in units of ``chunk``; a larger bulk action spans several pages.
    private static let mostChunks = 50

    /// - Parameters:
    ///   - id: list only older rows.
    ///   - all: whether to include the system's own observations of dead letters.
    /// - Returns: at most the given number, and the position of the next page; nil at the end.
    func entries(before id: Int64?, all: Bool, actor: String?, act: String?, limit: Int) async throws -> (entries: [Entry], next: Int64?) {
        var entries: [Entry] = []
        var cursor = id
        for _ in 0..<Self.mostChunks {
            let rows = try await self.pool.query(Self.list, cursor, all, actor?.withoutNUL, act?.withoutNUL, Int64(Self.chunk)).map { row in
                Entry(at: try row[1], actor: try row[2], act: try row[3], subject: try row[4], reason: try row[5], oldest: try row[0])
            }
            for row in rows {
                if let last = entries.last, last.isOneWith(row) {
                    entries[entries.count - 1].count += 1
                    entries[entries.count - 1].oldest = row.oldest
                    continue
                }
                if entries.count == limit { return (entries, entries.last?.oldest) }
                entries.append(row)
            }
            guard rows.count == Self.chunk else { return (entries, nil) }
            cursor = rows.last?.oldest
        }
        return (entries, cursor)
    }

    /// An action on one subject, in the command line's list.
    struct SingleAct: Sendable, Encodable {
        var at: Date
        var actor: String
        var act: String
        var subject: String
        var reason: String?

        private enum CodingKeys: CodingKey { case at, actor, act, subject, reason }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(self.at, forKey: .at)
            try container.encode(self.actor, forKey: .actor)
            try container.encode(self.act, forKey: .act)
            try container.encode(self.subject, forKey: .subject)
            try container.encode(self.reason, forKey: .reason)
        }
    }

    private static let acts: Statement = """
        select id, at, actor, act, subject, reason from audit_log
        where actor <> 'system' and ($1::int8 is null or id < $1) and ($2::text is null or actor = $2) and ($3::timestamptz is null or at >= $3)
            and ($4::text is null or act = $4)
        order by id desc limit $5
        """

    /// The actions of people, one entry per subject, newest first.
    func acts(actor: String?, since: Date?, act: String?, limit: Int) async throws -> [SingleAct] {
        var acts: [SingleAct] = []
        var cursor: Int64?
        while acts.count < limit {
            let size = min(Self.chunk, limit - acts.count)
            let rows = try await self.pool.query(Self.acts, cursor, actor?.withoutNUL, since, act?.withoutNUL, Int64(size))
            for row in rows {
                acts.append(SingleAct(at: try row[1], actor: try row[2], act: try row[3], subject: try row[4], reason: try row[5]))
                cursor = try row[0]
            }
            if rows.count < size { break }
        }
        return acts
    }
}
