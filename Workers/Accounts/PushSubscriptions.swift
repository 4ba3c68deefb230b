import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// Stores the push subscription of a user's browser. The same endpoint is the same subscription, even under another account. The e-mail worker checks the
/// endpoint's addresses whenever it sends.
struct KeepPushSubscription: Handler {
    /// More browsers than a user has; each costs a request per event.
    static let mostOfUser = 20

    /// Locks the account, so that two subscriptions are counted one after the other.
    private static let lock: Statement = "select from users where id = $1 and is_active and erased_at is null for update"
    private static let forgetExpired: Statement = "delete from push_subscriptions where user_id = $1 and expires_at < now()"
    private static let others: Statement = "select count(*) from push_subscriptions where user_id = $1 and id <> $2"
    /// A renewed subscription has new keys; a repeated one keeps its keys, and the shop's key of that time.
    private static let upsert: Statement = """
        insert into push_subscriptions (id, user_id, endpoint, p256dh, auth, public_key, expires_at) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (id) do update set user_id = excluded.user_id, p256dh = excluded.p256dh, auth = excluded.auth, expires_at = excluded.expires_at,
            public_key = case when push_subscriptions.p256dh = excluded.p256dh then push_subscriptions.public_key else excluded.public_key end,
            updated_at = now()
        """

    var policy: Policy { Policy(largestBatch: 1) }

    func handle(_ batch: [Received<SubscribePush, Void>], in transaction: Transaction) async throws -> [Reply] {
        let command = batch[0].payload
        guard try await !transaction.query(Self.lock, command.userID).isEmpty else {
            return [.rejected(Problem(.notFound, "There is no such account."))]
        }
        let id = SubscribePush.id(of: command.endpoint)
        transaction.enqueue(Self.forgetExpired, command.userID)
        let others = try await transaction.query(Self.others, command.userID, id).decode(Int64.self).first ?? 0
        guard others < Self.mostOfUser else {
            return [.rejected(Problem(.tooManySubscriptions, "An account has at most \(Self.mostOfUser) push subscriptions; delete one first."))]
        }
        transaction.enqueue(
            Self.upsert, id, command.userID, command.endpoint, command.p256dh, command.auth, command.publicKey,
            command.expiresAt.map { Clock.date(milliseconds: $0) })
        return [.done()]
    }
}

/// Ends subscriptions: at the user's request, or because the push service reports that they are gone.
struct EndPushSubscription: Handler {
    private static let delete: Statement = """
        delete from push_subscriptions s using unnest($1::uuid[], $2::uuid[]) m(id, user_id)
        where s.id = m.id and (m.user_id is null or s.user_id = m.user_id) returning s.id
        """

    func handle(_ batch: [Received<UnsubscribePush, Void>], in transaction: Transaction) async throws -> [Reply] {
        let rows = try await transaction.query(Self.delete, batch.map(\.payload.subscriptionID), batch.map(\.payload.userID))
        let deleted = Set(try rows.decode(ID.self))
        return batch.map { message in
            // The push service reports it after each notification.
            deleted.contains(message.payload.subscriptionID) || message.payload.userID == nil
                ? .done() : .rejected(Problem(.notFound, "There is no such subscription."))
        }
    }
}
