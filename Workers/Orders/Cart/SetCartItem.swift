import FoundationEssentials
import Kit
import Postgres
import Shop

/// Puts an absolute quantity of a product into a cart; 0 removes it. Of several commands for one item the newest wins, by the time it was sent.
struct SetCartItemHandler: Handler {
    private static let upsert: Statement = """
        insert into cart_items (user_id, product_id, quantity, updated_at) select * from unnest($1, $2, $3, $4)
        on conflict (user_id, product_id) do update set quantity = excluded.quantity, updated_at = excluded.updated_at
        where cart_items.updated_at <= excluded.updated_at
        """

    private struct Item: Hashable {
        let user: ID
        let product: ID
    }

    func handle(_ batch: [Received<SetCartItem, Void>], in transaction: Transaction) async throws -> [Reply] {
        let carts = try await LockedCarts.lock(batch.lazy.map(\.payload.userID), in: transaction)
        let catalogue = try await Catalogue.read(
            products: batch.lazy.map(\.payload.productID), users: batch.lazy.map(\.payload.userID), in: transaction)
        var items: [Item: (quantity: Int, sentAt: Date)] = [:]
        let replies = batch.map { message -> Reply in
            let command = message.payload
            do throws(Problem) {
                try catalogue.check(user: command.userID)
                try Self.check(command, catalogue)
            } catch {
                return .rejected(error)
            }
            let item = Item(user: command.userID, product: command.productID)
            let sentAt = message.envelope.sentDate
            if !carts.isOutdated(command.userID, sentAt: sentAt), items[item].map({ $0.sentAt <= sentAt }) ?? true {
                items[item] = (command.quantity, sentAt)
            }
            return .done(emits: [CartChanged(userID: command.userID)], changes: [.cart(command.userID)])
        }
        if !items.isEmpty {
            transaction.enqueue(
                Self.upsert, items.keys.map(\.user), items.keys.map(\.product), items.values.map { Int32($0.quantity) }, items.values.map(\.sentAt))
        }
        return replies
    }

    private static func check(_ command: SetCartItem, _ catalogue: Catalogue) throws(Problem) {
        if command.quantity == 0 { return }
        guard OrderLine.allowedQuantity.contains(command.quantity) else {
            let limit = OrderLine.allowedQuantity.upperBound
            throw Problem(.invalid, "The quantity is not allowed.", errors: [.init(field: "quantity", message: "must be between 0 and \(limit)")])
        }
        try catalogue.check(OrderLine(productID: command.productID, quantity: command.quantity))
    }
}
