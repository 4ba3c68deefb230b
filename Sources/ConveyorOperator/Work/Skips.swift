import Conveyor
import FoundationEssentials
import Postgres

/// A rule by which workers reject messages for good.
struct Skip: Sendable, Encodable {
    /// Its conditions, all of which must hold; nil matches any.
    struct Conditions: Sendable {
        var queue: String
        var type: String?
        var actor: String?
        /// The range of the sending time.
        var since: Date?
        var until: Date?

        /// Whether it matches a waiting message. One from the database has no actor, so a rule with an actor does not match it.
        func catches(_ message: WaitingMessage) -> Bool {
            guard self.queue == message.queue, self.type == nil || self.type == message.type, self.actor == nil || self.actor == message.actor else {
                return false
            }
            let sentAt = message.sentAt ?? Date()
            return (self.since.map { sentAt >= $0 } ?? true) && (self.until.map { sentAt <= $0 } ?? true)
        }
    }

    var id: Int64
    var conditions: Conditions
    var reason: String
    var by: String
    var at: Date
    var caught: Int64
    var liftedAt: Date?

    private enum CodingKeys: String, CodingKey {
        case id, queue, type, actor, since, until, reason, by, at, caught
        case liftedAt = "lifted_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.id, forKey: .id)
        try container.encode(self.conditions.queue, forKey: .queue)
        try container.encode(self.conditions.type, forKey: .type)
        try container.encode(self.conditions.actor, forKey: .actor)
        try container.encode(self.conditions.since, forKey: .since)
        try container.encode(self.conditions.until, forKey: .until)
        try container.encode(self.reason, forKey: .reason)
        try container.encode(self.by, forKey: .by)
        try container.encode(self.at, forKey: .at)
        try container.encode(self.caught, forKey: .caught)
        try container.encode(self.liftedAt, forKey: .liftedAt)
    }
}

/// The rules. Workers read them every second.
struct Skips: Sendable {
    let pool: PostgresPool

    private static let list: Statement = """
        select id, queue, type, actor, since, until, reason, actor_of_rule, at, caught, lifted_at from skips
        order by lifted_at is not null, id desc limit 500
        """

    /// Active ones first.
    func list() async throws -> [Skip] {
        try await self.pool.query(Self.list).map { row in
            Skip(
                id: try row[0],
                conditions: .init(queue: try row[1], type: try row[2], actor: try row[3], since: try row[4], until: try row[5]), reason: try row[6],
                by: try row[7], at: try row[8], caught: try row[9], liftedAt: try row[10])
        }
    }

    private static let insert: Statement = """
        insert into skips (queue, type, actor, since, until, reason, actor_of_rule) values ($1, $2, $3, $4, $5, $6, $7) returning id
        """
    private static let lift: Statement = "update skips set lifted_at = now() where id = $1 and lifted_at is null returning queue"

    /// Creates a rule, which applies after a second.
    func add(_ conditions: Skip.Conditions, reason: String, by actor: String) async throws -> Int64 {
        try await self.pool.transaction { transaction in
            try await transaction.actAsRecorder()
            let reason = String(reason.withoutNUL.prefix(1000))
            let id = try await transaction.query(
                Self.insert, conditions.queue, conditions.type?.withoutNUL, conditions.actor?.withoutNUL, conditions.since, conditions.until, reason,
                actor
            ).decode(Int64.self)[0]
            transaction.note("skip", of: "\(conditions.queue) \(id)", by: actor, reason: reason)
            return id
        }
    }

    /// Ends a rule: rejected messages stay rejected.
    /// - Throws: `NothingFound`.
    func lift(_ id: Int64, by actor: String) async throws {
        try await self.pool.transaction { transaction in
            try await transaction.actAsRecorder()
            guard let queue = try await transaction.query(Self.lift, id).decode(String.self).first else {
                throw NothingFound("no rule \(id) is in force")
            }
            transaction.note("skip_lift", of: "\(queue) \(id)", by: actor)
        }
    }
}
