public import Conveyor
public import Postgres

/// The subject of a trace, and its chains of messages.
public struct TraceSubject: Sendable {
    /// Correlation ids: each is the first message of a chain.
    public var chains: Set<ID>
    /// The subject of all chains; nil if each message has a subject of its own.
    public var subject: Subject?

    /// The subject of a trace.
    public init(chains: Set<ID>, subject: Subject? = nil) {
        self.chains = chains
        self.subject = subject
    }

    private static let ofMessage: Statement = """
        select correlation_id from inbox where message_id = $1 or correlation_id = $1
        union select correlation_id from attempts where correlation_id = $1
        union select coalesce(correlation_id, message_id) from dead_letters where message_id = $1 or id = $1 or correlation_id = $1
        union select coalesce(d.correlation_id, d.message_id) from replacements r join dead_letters d on d.id = r.dead_letter_id where r.message_id = $1
        """
    /// Without an index: an attempt is usually found by its chain.
    private static let ofAttempt: Statement = "select correlation_id from attempts where message_id = $1 limit 1"

    /// The chains of a message or a dead letter; none for an unknown id.
    public static func find(_ id: ID, in pool: PostgresPool) async throws -> TraceSubject {
        var chains = try await pool.query(self.ofMessage, id).decode(ID.self)
        if chains.isEmpty { chains = try await pool.query(self.ofAttempt, id).decode(ID.self) }
        return TraceSubject(chains: Set(chains))
    }
}
