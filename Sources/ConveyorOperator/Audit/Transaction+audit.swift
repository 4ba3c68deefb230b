public import Conveyor
public import Postgres

extension Transaction {
    private static let note: Statement = "insert into audit_log (actor, act, subject, message_id, reason, diff) values ($1, $2, $3, $4, $5, $6)"

    /// Records an action in the audit log, in the transaction of its effect.
    /// - Parameters:
    ///   - subject: the id of a dead letter, a bulk replay or an account, or a queue.
    ///   - actor: `operator:<name>`
    public func note(
        _ act: String, of subject: String, by actor: String, messageID: ID? = nil, reason: String? = nil, diff: JSONText? = nil
    ) {
        self.enqueue(Self.note, actor, act, subject, messageID, reason, diff)
    }
}
