import Kit
import Postgres
import Shop

/// Empties carts of what was put into them before the command was sent.
struct ClearCartHandler: Handler {
    func handle(_ batch: [Received<ClearCart, Void>], in transaction: Transaction) async throws -> [Reply] {
        var carts = try await LockedCarts.lock(batch.lazy.map(\.payload.userID), in: transaction)
        carts.empty(batch.map { ($0.payload.userID, $0.envelope.sentDate) }, in: transaction)
        return batch.map { .done(emits: [CartChanged(userID: $0.payload.userID)], changes: [.cart($0.payload.userID)]) }
    }
}
