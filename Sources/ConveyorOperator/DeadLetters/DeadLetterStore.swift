import Conveyor
import FoundationEssentials
import Postgres

/// Reads dead letters.
struct DeadLetterStore: Sendable {
    let application: OperatorApplication
    let pool: PostgresPool

    /// The conditions of a ``DeadLetterFilter`` in `$1` to `$7`.
    static let conditions = """
        ($1::text is null or queue = $1) and ($2::text is null or type = $2) and ($3::text is null or "group" = $3)
        and ($4::text is null or status = $4) and ($5::timestamptz is null or last_failed_at >= $5)
        and ($6::text is null or strpos(lower(error), lower($6)) > 0 or strpos(lower(type), lower($6)) > 0
             or (not $7 and position(convert_to($6, 'UTF8') in payload) > 0)
             or lower($6) in (id::text, message_id::text, correlation_id::text, subject_id::text, "group"))
        """

    static func parameters(_ filter: DeadLetterFilter) -> [any PostgresEncodable] {
        // Postgres' texts contain no NUL, so a search for one finds nothing.
        let search = filter.search.map { $0.replacing("\0", with: "\u{fffd}") }
        return [filter.queue, filter.type, filter.group, filter.status, filter.since, search, filter.hidesPayloads ?? false]
            as [any PostgresEncodable]
    }

    private static let list = Statement(
        """
        select \(DeadLetter.columns) from dead_letters
        where \(Self.conditions) and ($8::timestamptz is null or (last_failed_at, id) < ($8, $9::uuid))
        order by last_failed_at desc, id desc limit $10
        """)

    /// The matches of a filter, by last failure, newest first.
    /// - Parameters:
    ///   - cursor: the position to continue from.
    ///   - limit: the largest number.
    func list(_ filter: DeadLetterFilter, after cursor: DeadLetterCursor? = nil, limit: Int) async throws -> [DeadLetter] {
        let call = Call(
            Self.list, parameters: Self.parameters(filter) + [cursor?.lastFailedAt, cursor?.id, Int64(limit)] as [any PostgresEncodable])
        return try await self.pool.pipeline([call])[0].map { try DeadLetter($0, of: self.application) }
    }

    /// All matches of a filter, page by page.
    func all(_ filter: DeadLetterFilter, limit: Int = .max) async throws -> [DeadLetter] {
        var letters: [DeadLetter] = []
        while letters.count < limit {
            let size = min(1000, limit - letters.count)
            let page = try await self.list(filter, after: letters.last.map(DeadLetterCursor.init(after:)), limit: size)
            letters += page
            if page.count < size { break }
        }
        return letters
    }

    private static let count = Statement("select count(*) from dead_letters where \(Self.conditions)")

    /// The number of matches of a filter.
    func count(_ filter: DeadLetterFilter) async throws -> Int {
        try await self.pool.pipeline([Call(Self.count, parameters: Self.parameters(filter))])[0].decode(Int.self).first ?? 0
    }

    private static let groups = Statement(
        """
        select "group", queue, type, error_type, count(*), min(first_failed_at), max(last_failed_at),
               (array_agg(id order by last_failed_at desc, id desc))[1], (array_agg(error order by last_failed_at desc, id desc))[1]
        from dead_letters where \(Self.conditions)
        group by "group", queue, type, error_type order by count(*) desc, max(last_failed_at) desc
        """)

    /// The matches of a filter by cause, the most frequent first. Open ones, if the filter has no status.
    func groups(_ filter: DeadLetterFilter = .all) async throws -> [DeadGroup] {
        var filter = filter
        filter.status = filter.status ?? .open
        return try await self.pool.pipeline([Call(Self.groups, parameters: Self.parameters(filter))])[0].map { row in
            DeadGroup(
                group: try row[0], queue: try row[1], type: try row[2], errorType: try row[3], count: try row[4], firstSeen: try row[5],
                lastSeen: try row[6], example: try row[7], error: try row[8])
        }
    }

    private static let countOpen: Statement = #"select count(*), count(distinct "group") from dead_letters where status = 'open'"#

    /// The number of open ones, and of their causes.
    func countOpen() async throws -> (letters: Int, groups: Int) {
        let row = try await self.pool.query(Self.countOpen)[0]
        return (try row[0], try row[1])
    }

    private static let find = Statement(
        """
        select \(DeadLetterDetail.columns)
        from dead_letters d where id = $1 or message_id = $1 order by id = $1 desc, last_failed_at desc limit 1
        """)

    /// One of them, by its own id or its message's; nil if it does not exist.
    func find(_ id: ID) async throws -> DeadLetterDetail? {
        guard let row = try await self.pool.query(Self.find, id).first else { return nil }
        return try DeadLetterDetail(row, of: self.application)
    }

    private static let history: Statement = """
        select at, actor, act, message_id, reason, diff from audit_log where subject = $1 order by id
        """

    /// Its history, oldest first.
    func history(of id: ID) async throws -> [HistoryEntry] {
        try await self.pool.query(Self.history, id.description).map { row in
            HistoryEntry(
                at: try row[0], actor: try row[1], act: try row[2], messageID: try row[3], reason: try row[4], diff: try row[5, as: JSONText?.self])
        }
    }

    private static let attempts: Statement = """
        select at, attempt, next_at, error_type, error from attempts where message_id = $1 and queue = $2 order by at, id
        """

    /// Its failed attempts, oldest first, as long as they are stored.
    func attempts(of letter: DeadLetter) async throws -> [FailedAttempt] {
        try await self.pool.query(Self.attempts, letter.messageID, letter.queue).map { row in
            FailedAttempt(
                at: try row[0], attempt: Int(try row[1, as: Int16.self]), nextAt: try row[2], errorType: try row[3], error: try row[4])
        }
    }
}
