import Conveyor
import Postgres
import Shop

/// Turns a cart into an order and empties it, in one transaction under the cart's lock: of several checkouts the first takes all items and the others
/// find the cart empty. A cart that cannot be ordered stays as it is, as does one that was changed after an outdated checkout.
struct CheckoutCartHandler: Handler {
    private static let readItems: Statement = """
        select user_id, product_id, quantity from cart_items where user_id = any($1) and quantity > 0 order by user_id, product_id
        """

    func handle(_ batch: [Received<CheckoutCart, Void>], in transaction: Transaction) async throws -> [Reply] {
        let users = Set(batch.map(\.payload.userID))
        var (carts, rows) = try await LockedCarts.lock(
            users, and: [Call(Self.readItems, users.sorted()), Acceptances.reading(batch.lazy.map(\.envelope))], in: transaction)
        var items: [ID: [OrderLine]] = [:]
        for row in rows[0] {
            items[try row[0, as: ID.self], default: []].append(OrderLine(productID: try row[1], quantity: Int(try row[2, as: Int32.self])))
        }
        let acceptances = try Acceptances(rows[1])
        let catalogue = try await Catalogue.read(
            products: items.values.lazy.flatMap { $0.lazy.map(\.productID) }, users: users, in: transaction)
        var orders = NewOrders()
        var ordered: [ID: Received<CheckoutCart, Void>] = [:]
        var replies = try batch.map { message -> Reply in
            let command = message.payload
            do {
                try catalogue.check(user: command.userID)
                let lines = items[command.userID] ?? []
                guard !lines.isEmpty else { throw Problem(.cartEmpty, "The cart is empty.") }
                guard lines.count <= OrderLine.allowedCount.upperBound else {
                    throw Problem(.invalid, "An order has at most \(OrderLine.allowedCount.upperBound) lines, the cart has \(lines.count).")
                }
                try carts.check(acceptances[message.envelope], command.userID, notAfter: [.cleared, .set, .checkedOut])
                let order = try catalogue.price(
                    lines, by: command.userID, shippingAddress: command.shippingAddress, billingAddress: command.billingAddress)
                var reply = try orders.addPending(message.envelope, order)
                reply.emits.append(CartChanged(userID: command.userID))
                reply.changes.append(.cart(command.userID))
                items[command.userID] = nil
                ordered[message.envelope.originalID] = message
                return reply
            } catch let problem as Problem {
                return .rejected(problem)
            }
        }
        let written = try await orders.write(in: transaction)
        for (index, message) in batch.enumerated() where replies[index].problem == nil && written[message.envelope.originalID] == nil {
            // The cart was checked out before, and the inbox no longer has the message.
            ordered[message.envelope.originalID] = nil
            replies[index] = .done()
        }
        for message in ordered.values { carts.note(acceptances[message.envelope], message.payload.userID, .checkedOut) }
        try carts.write(emptying: Set(ordered.values.map(\.payload.userID)), in: transaction)
        return replies
    }
}
