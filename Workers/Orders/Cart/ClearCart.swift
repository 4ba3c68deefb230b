import Conveyor
import Postgres
import Shop

/// Empties carts. A command older than the last applied one is rejected.
struct ClearCartHandler: Handler {
    func handle(_ batch: [Received<ClearCart, Void>], in transaction: Transaction) async throws -> [Reply] {
        var (carts, rows) = try await LockedCarts.lock(
            batch.lazy.map(\.payload.userID), and: [Acceptances.reading(batch.lazy.map(\.envelope))], in: transaction)
        let acceptances = try Acceptances(rows[0])
        var emptied: Set<ID> = []
        let replies = batch.map { message -> Reply in
            let user = message.payload.userID
            do throws(Problem) {
                try carts.admit(acceptances[message.envelope], user, .cleared, notAfter: [.checkedOut, .cleared, .set])
            } catch {
                return .rejected(error)
            }
            emptied.insert(user)
            return .done(emits: [CartChanged(userID: user)], changes: [.cart(user)])
        }
        try carts.write(emptying: emptied, in: transaction)
        return replies
    }
}
