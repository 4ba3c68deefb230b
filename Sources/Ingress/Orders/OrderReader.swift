import Conveyor
import FoundationEssentials
import Postgres
import Resources
import Shop

/// Reads orders with their items, payments and refunds, in a constant number of queries.
struct OrderReader: Sendable {
    let pool: PostgresPool

    private static let page = Statement(
        """
        select \(OrderBody.columns) from orders o
        where ($1::uuid is null or o.user_id = $1) and ($2::text is null or o.status = $2)
          and ($3::timestamptz is null or (o.created_at, o.id) < ($3, $4::uuid))
        order by o.created_at desc, o.id desc limit $5
        """)
    private static let ofUser = Statement(
        """
        select \(OrderBody.columns) from orders o
        where o.user_id = $1 and ($2::text is null or o.status = $2) and ($3::timestamptz is null or (o.created_at, o.id) < ($3, $4::uuid))
        order by o.created_at desc, o.id desc limit $5
        """)
    private static let owner: Statement = "select user_id from orders where id = $1"

    /// The owner of an order; nil if the order does not exist.
    func owner(of id: ID) async throws -> ID? {
        try await self.pool.reading { pool in try await pool.query(Self.owner, id).decode(ID.self).first }
    }

    static let notFound = Problem(.notFound, "There is no such order (yet).")

    /// An order's id, if it belongs to the user or the user is staff; to others it does not exist.
    /// - Throws: `Problem` `not_found`, `database_unreachable`.
    func visible(_ text: String, to user: Authenticator.User) async throws -> (id: ID, user: Authenticator.User) {
        guard let id = ID(text), let owner = try await self.owner(of: id), owner == user.id || user.isSuperuser else { throw Self.notFound }
        return (id, user)
    }

    /// One order; nil if it does not exist.
    func order(_ id: ID) async throws -> OrderBody? {
        try await self.pool.reading { pool in try await OrderBody.read(id, in: pool) }
    }

    /// The newest orders after the cursor.
    /// - Parameter user: the owner; nil for all orders.
    /// - Returns: up to `count`.
    func orders(of user: ID?, status: String?, from cursor: Cursor?, count: Int) async throws -> [OrderBody] {
        let time = try cursor?.time()
        return try await self.pool.reading { pool in
            let statement = user == nil ? Self.page : Self.ofUser
            let rows = try await pool.query(statement, user, status, time, cursor?.id, Int32(count))
            guard !rows.isEmpty else { return [] }
            return try await OrderBody.assemble(rows, in: pool)
        }
    }
}
