import Conveyor
import Postgres
import Shop

/// Removes a person's data from the accounts and the stored messages. The orders stay for the bookkeeping, without a link to the person.
/// The other workers erase their own data on `account.erased`.
struct Erase: Handler {
    /// The account before the erasure; locked until the transaction ends.
    private static let read: Statement = "select id, email from users where id = any($1::uuid[]) and erased_at is null order by id for update"
    private static let update: Statement = """
        update users set email = 'erased-' || id || '@invalid', full_name = null, password_hash = '!', is_active = false, is_superuser = false,
               email_verified = false, token_epoch = token_epoch + 1, erased_at = now(), updated_at = now()
        where id = any($1::uuid[]) and erased_at is null
        """
    private static let readErased: Statement = "select id from users where id = any($1::uuid[]) and erased_at is not null"
    /// Before the resets are deleted, since they lead to the e-mails that were requested.
    private static let forgetMessages: Statement = "select forget_messages(id, email) from unnest($1::uuid[], $2::text[]) m(id, email)"
    private static let forgetResets: Statement = "delete from password_resets where user_id = any($1::uuid[])"
    private static let forgetSessions: Statement = "delete from sessions where user_id = any($1::uuid[])"

    private static let forgetBrowsers: Statement = "delete from push_subscriptions where user_id = any($1::uuid[])"

    var policy: Policy { Policy(largestBatch: 16) }

    func handle(_ batch: [Received<EraseAccount, Void>], in transaction: Transaction) async throws -> [Reply] {
        let ids = batch.map(\.payload.userID)
        let people = try await transaction.query(Self.read, ids).decode((ID, String).self)
        if !people.isEmpty { transaction.enqueue(Self.forgetMessages, people.map(\.0), people.map(\.1)) }
        transaction.enqueue(Self.update, ids)
        transaction.enqueue(Self.forgetResets, ids)
        transaction.enqueue(Self.forgetSessions, ids)
        transaction.enqueue(Self.forgetBrowsers, ids)
        // An account that was erased before counts as erased now.
        let erased = Set(try await transaction.query(Self.readErased, ids).decode(ID.self))
        return ids.map { id in
            erased.contains(id)
                ? .done(emits: [AccountErased(userID: id), AccountUpdated(userID: id)], changes: [.user(id)])
                : .rejected(Problem(.notFound, "There is no such account."))
        }
    }
}
