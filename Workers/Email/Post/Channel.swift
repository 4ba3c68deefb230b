import Postgres

/// A way to reach people. A further one (push, by some provider) is one such type and a table of what it has sent.
protocol Channel: Sendable {
    /// As the trace names it: `mail`, `sms`.
    var name: String { get }
    /// Where what it has sent is kept: (kind, subject) unique, recipient, message_id, sent_at, user_id.
    var table: String { get }

    /// Hands a notice over to those who deliver it.
    /// - Throws: `Transient`, `Poison`, `Misconfigured`.
    func deliver(_ notice: Notice) async throws -> Handover
}

/// What became of a notice.
struct Handover: Sendable {
    /// The id under which it can be found again; nil if it was refused and trying again, or a person, cannot help.
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
