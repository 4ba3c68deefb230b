import Conveyor
import Postgres
import Shop

/// `orders.place`, which placed orders before `inventory.reserve` carried them: still supported, since it may wait in a queue or come from an ingress
/// that is not upgraded yet. Writes an order at current prices and requests its stock; the operation ends when the stock is reserved or refused.
/// A rejected order leaves no row.
struct PlaceOrderHandler: Handler {
    func handle(_ batch: [Received<PlaceOrder, Void>], in transaction: Transaction) async throws -> [Reply] {
        let catalogue = try await Catalogue.read(
            products: batch.lazy.flatMap { $0.payload.items.lazy.map(\.productID) }, users: batch.lazy.map(\.payload.userID), in: transaction)
        var orders = NewOrders()
        var replies = try batch.map { message -> Reply in
            let command = message.payload
            let lines = try command.orderedLines()
            do {
                try catalogue.check(user: command.userID)
                let order = try catalogue.price(
                    lines, by: command.userID, shippingAddress: command.shippingAddress, billingAddress: command.billingAddress)
                return try orders.addPending(message.envelope, order)
            } catch let problem as Problem {
                return .rejected(problem)
            }
        }
        let written = try await orders.write(in: transaction)
        for (index, message) in batch.enumerated() where replies[index].problem == nil && written[message.envelope.originalID] == nil {
            // A repeated request went to an ingress of another version: the worker that wrote the order also decides the operation.
            replies[index] = .passedOn(emits: [])
        }
        return replies
    }
}

extension Reply {
    /// The problem of a rejection.
    var problem: Problem? { if case .rejected(let problem) = self.outcome { problem } else { nil } }
}
