import Conveyor
import Postgres
import Shop

/// Removes an erased person from their orders and carts. Country, lines and amounts stay for the bookkeeping. A parcel that was not
/// sent has no address any more, so its order can only be cancelled.
struct ForgetCustomer: Handler {
    private static let orders: Statement = """
        update orders set shipping_address = json_build_object('name', 'erased', 'line1', 'erased', 'city', 'erased', 'postal_code', 'erased',
                                                               'country', shipping_address ->> 'country'),
            billing_address = case when billing_address is not null
                then json_build_object('name', 'erased', 'line1', 'erased', 'city', 'erased', 'postal_code', 'erased',
                                       'country', billing_address ->> 'country') end,
            tracking_number = case when tracking_number is not null then 'erased' end
        where user_id = any($1)
        """
    private static let events: Statement = """
        update order_events set detail = (detail::jsonb - array['reason', 'tracking_number'])::json
        where order_id in (select id from orders where user_id = any($1)) and detail::jsonb ?| array['reason', 'tracking_number']
        """
    private static let items: Statement = "delete from cart_items where user_id = any($1)"
    private static let carts: Statement = "delete from carts where user_id = any($1)"

    func handle(_ batch: [Received<AccountErased, Void>], in transaction: Transaction) async throws -> [Reply] {
        let users = Array(Set(batch.map(\.payload.userID)))
        transaction.enqueue(Self.orders, users)
        transaction.enqueue(Self.events, users)
        transaction.enqueue(Self.items, users)
        transaction.enqueue(Self.carts, users)
        return batch.map { .done(changes: [.cart($0.payload.userID)]) }
    }
}
