import Conveyor
import Postgres
import Shop

/// Takes a person out of the accounts and of the messages that are kept. Its orders stay for the bookkeeping, without a link to the person;
/// what other workers keep of it they erase themselves when they hear of it.
struct Erase: Handler {
    /// As it was; locked until the transaction ends.
    private static let read: Statement = "select id, email from users where id = any($1::uuid[]) and erased_at is null order by id for update"
    private static let update: Statement = """
        update users set email = 'erased-' || id || '@invalid', full_name = null, password_hash = '!', is_active = false, is_superuser = false,
               email_verified = false, token_epoch = token_epoch + 1, erased_at = now(), updated_at = now()
        where id = any($1::uuid[]) and erased_at is null
        """
    private static let readErased: Statement = "select id from users where id = any($1::uuid[]) and erased_at is not null"
    /// Before its resets are forgotten, as they lead to the letters that were asked for.
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
        // Erased before is as good as erased now.
        let erased = Set(try await transaction.query(Self.readErased, ids).decode(ID.self))
        return ids.map { id in
            erased.contains(id)
                ? .done(emits: [AccountErased(userID: id), AccountUpdated(userID: id)], changes: [.user(id)])
                : .rejected(Problem(.notFound, "There is no such account."))
        }
    }
}
