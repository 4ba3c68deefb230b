import Kit
import Postgres
import Shop

/// Writes an order at today's prices and asks for its stock; the operation ends when the stock is held or refused. A rejected one leaves no row.
struct PlaceOrderHandler: Handler {
    func handle(_ batch: [Received<PlaceOrder, Void>], in transaction: Transaction) async throws -> [Reply] {
        let catalogue = try await Catalogue.read(
            products: batch.lazy.flatMap { $0.payload.items.lazy.map(\.productID) }, users: batch.lazy.map(\.payload.userID), in: transaction)
        var orders = NewOrders()
        let replies = try batch.map { message -> Reply in
            let command = message.payload
            let lines = try Self.lines(of: command)
            do {
                try catalogue.check(user: command.userID)
                let order = try orders.add(
                    message.envelope, user: command.userID, lines: try catalogue.price(lines), shippingAddress: command.shippingAddress,
                    billingAddress: command.billingAddress)
                return .passedOn(emits: order.emits, changes: order.changes)
            } catch let problem as Problem {
                return .rejected(problem)
            }
        }
        orders.write(in: transaction)
        return replies
    }

    /// Each product once. The ingress keeps to the limits; a message from elsewhere that does not is nobody's order.
    private static func lines(of command: PlaceOrder) throws(Poison) -> [OrderLine] {
        guard OrderLine.allowedCount.contains(command.items.count) else {
            throw Poison(.invalidPayload, "\(command.items.count) lines")
        }
        for line in command.items where !OrderLine.allowedQuantity.contains(line.quantity) {
            throw Poison(.invalidPayload, "a quantity of \(line.quantity)")
        }
        return command.items.merged
    }
}
