import Conveyor
import Postgres
import Shop

/// Removes an erased person's address and telephone number from the records of sent e-mails.
struct ForgetLetters: Handler {
    private static let emails: Statement = "update emails set recipient = 'erased' where user_id = any($1)"
    private static let textMessages: Statement = "update text_messages set recipient = 'erased' where user_id = any($1)"

    func handle(_ batch: [Received<AccountErased, Void>], in transaction: Transaction) async throws -> [Reply] {
        let users = Array(Set(batch.map(\.payload.userID)))
        transaction.enqueue(Self.emails, users)
        transaction.enqueue(Self.textMessages, users)
        return batch.map { _ in .done() }
    }
}
