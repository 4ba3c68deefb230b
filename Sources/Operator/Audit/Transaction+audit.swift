import Conveyor
import Postgres
import Shop

extension Transaction {
    private static let note: Statement = "insert into audit_log (actor, act, subject, message_id, reason, diff) values ($1, $2, $3, $4, $5, $6)"

    /// Notes an act in the audit log, committed with what it has done.
    /// - Parameters:
    ///   - subject: a dead letter's id, a bulk replay's, an account's, or a queue.
    ///   - actor: `operator:<name>`
    func note(
        _ act: String, of subject: String, by actor: String, messageID: ID? = nil, reason: String? = nil, diff: JSONText? = nil
    ) {
        self.enqueue(Self.note, actor, act, subject, messageID, reason, diff)
    }
}
