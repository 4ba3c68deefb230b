import Conveyor
import Postgres
import Shop

/// Removes an erased person from the stored payments: amounts, states and Stripe's ids stay, texts go. The data at Stripe, the shop's payment
/// provider, is erased there.
struct ForgetPayer: Handler {
    private static let refunds: Statement = """
        update refunds set reason = null, failure_reason = null
        where order_id in (select id from orders where user_id = any($1)) and (reason is not null or failure_reason is not null)
        """
    private static let payments: Statement = """
        update payments set failure_message = null where order_id in (select id from orders where user_id = any($1)) and failure_message is not null
        """
    /// An event that waits for its intent is still needed; it is erased with the others once it was applied.
    private static let events: Statement = """
        update stripe_events set payload = json_build_object('id', id, 'type', type, 'erased', true)
        where state <> 'waiting' and object_id in (
            select p.payment_intent_id from payments p join orders o on o.id = p.order_id where o.user_id = any($1))
        """

    func handle(_ batch: [Received<AccountErased, Void>], in transaction: Transaction) async throws -> [Reply] {
        let users = Array(Set(batch.map(\.payload.userID)))
        transaction.enqueue(Self.refunds, users)
        transaction.enqueue(Self.payments, users)
        transaction.enqueue(Self.events, users)
        return batch.map { _ in .done() }
    }
}
