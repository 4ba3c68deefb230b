import Conveyor
import Postgres
import Resources
import Shop

/// Reads carts.
struct CartReader: Sendable {
    let pool: PostgresPool
    /// The shop's currency, for an empty cart.
    let currency: String

    /// A user's cart; empty until the user adds something.
    func cart(of user: ID) async throws -> CartBody {
        try await self.pool.reading { pool in try await CartBody.read(of: user, currency: self.currency, in: pool) }
    }
}
