import Postgres

/// A way to reach people. Another one, such as a push provider, needs a type like this and a table of sent notifications.
protocol Channel: Sendable {
    /// The name in the trace: `mail`, `sms`.
    var name: String { get }
    /// The table of sent notifications: (kind, subject) unique, recipient, message_id, sent_at, user_id.
    var table: String { get }

    /// Sends a notification.
    /// - Throws: `Transient`, `Poison`, `Misconfigured`.
    func deliver(_ notice: Notice) async throws -> Handover
}

/// The result of sending.
struct Handover: Sendable {
    /// The id at the provider; nil if it refused and neither a retry nor a person can help.
    var messageID: String?
    /// For the trace, e.g. `250`.
    var outcome: String
}

extension Channel {
    var isSent: Statement { Statement("select exists (select from \(self.table) where kind = $1 and subject = $2)") }
    var insert: Statement {
        Statement("insert into \(self.table) (kind, subject, recipient, message_id, sent_at, user_id) values ($1, $2, $3, $4, $5, $6)")
    }
}
