import Conveyor
import Postgres
import Shop

/// Sets the quantity of a product in a cart; 0 removes it. Commands for one cart take effect in the order of their acceptance; one older than the
/// last applied one is rejected.
struct SetCartItemHandler: Handler {
    private static let readItems: Statement = """
        select i.user_id, i.product_id, i.changed from cart_items i
        join unnest($1, $2) m(user_id, product_id) on i.user_id = m.user_id and i.product_id = m.product_id
        """
    private static let upsert: Statement = """
        insert into cart_items (user_id, product_id, quantity, updated_at, changed)
        select m.user_id, m.product_id, m.quantity, now(), m.changed from unnest($1, $2, $3, $4) m(user_id, product_id, quantity, changed)
        on conflict (user_id, product_id) do update set quantity = excluded.quantity, updated_at = excluded.updated_at, changed = excluded.changed
        """

    private struct Item: Hashable {
        let user: ID
        let product: ID
    }

    func handle(_ batch: [Received<SetCartItem, Void>], in transaction: Transaction) async throws -> [Reply] {
        let named = Set(batch.map { Item(user: $0.payload.userID, product: $0.payload.productID) })
        var (carts, rows) = try await LockedCarts.lock(
            named.lazy.map(\.user),
            and: [Call(Self.readItems, named.map(\.user), named.map(\.product)), Acceptances.reading(batch.lazy.map(\.envelope))]
                + Catalogue.reading(products: named.lazy.map(\.product), users: named.lazy.map(\.user)), in: transaction)
        var changes: [Item: Changes] = [:]
        for row in rows[0] { changes[Item(user: try row[0], product: try row[1])] = try Changes(row[2, as: JSONText?.self]) }
        let acceptances = try Acceptances(rows[1])
        let catalogue = try Catalogue(rows[2...])
        var quantities: [Item: Int] = [:]
        let replies = batch.map { message -> Reply in
            let command = message.payload
            let (item, acceptance) = (Item(user: command.userID, product: command.productID), acceptances[message.envelope])
            do throws(Problem) {
                try catalogue.check(user: command.userID)
                try Self.check(command, catalogue)
                try carts.check(acceptance, command.userID, notAfter: [.checkedOut, .cleared])
                try changes[item, default: Changes()].admit(acceptance, in: ["quantity"])
            } catch {
                return .rejected(error)
            }
            carts.note(acceptance, command.userID, .set)
            quantities[item] = command.quantity
            return .done(emits: [CartChanged(userID: command.userID)], changes: [.cart(command.userID)])
        }
        if !quantities.isEmpty {
            transaction.enqueue(
                Self.upsert, quantities.keys.map(\.user), quantities.keys.map(\.product), quantities.values.map { Int32($0) },
                try quantities.keys.map { try changes[$0]?.json })
        }
        try carts.write(in: transaction)
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
