import Conveyor
import Postgres
import Shop

/// The products and users of a batch of orders, read at one moment of its transaction.
struct Catalogue: Sendable {
    private let products: [ID: Offer]
    private let activeUsers: Set<ID>

    private static let readProducts: Statement = "select id, unit_amount, is_active, currency, sku, name from products where id = any($1)"
    private static let readUsers: Statement = "select id from users where id = any($1) and is_active and erased_at is null"

    /// Reads these products and users in one round trip.
    static func read(products: some Sequence<ID>, users: some Sequence<ID>, in transaction: Transaction) async throws(PostgresError) -> Catalogue {
        try Catalogue(await transaction.pipeline(Self.reading(products: products, users: users))[...])
    }

    /// The queries whose rows ``init(_:)`` reads.
    static func reading(products: some Sequence<ID>, users: some Sequence<ID>) -> [Call] {
        [Call(Self.readProducts, Array(Set(products))), Call(Self.readUsers, Array(Set(users)))]
    }

    /// Reads the rows of ``reading(products:users:)``.
    init(_ rows: ArraySlice<Rows>) throws(PostgresError) {
        var known: [ID: Offer] = [:]
        known.reserveCapacity(rows[rows.startIndex].count)
        for row in rows[rows.startIndex] {
            known[try row[0, as: ID.self]] = Offer(
                unitAmount: try row[1], currency: try row[3], isActive: try row[2], sku: try row[4], name: try row[5])
        }
        self.products = known
        self.activeUsers = Set(try rows[rows.startIndex + 1].decode(ID.self))
    }

    /// - Throws: `user_inactive`.
    func check(user: ID) throws(Problem) {
        guard self.activeUsers.contains(user) else { throw Problem(.userInactive, "The account is not active.") }
    }

    /// An order with these lines at current prices.
    /// - Throws: `product_unknown`, `product_unavailable` with the affected lines.
    func price(_ lines: [OrderLine], by user: ID, shippingAddress: Address, billingAddress: Address?) throws(Problem) -> PricedOrder {
        try PricedOrder(by: user, lines, shippingAddress: shippingAddress, billingAddress: billingAddress) { self.products[$0] }
    }

    /// - Throws: `product_unknown`, `product_unavailable` if a line cannot be ordered even alone.
    func check(_ line: OrderLine) throws(Problem) { _ = try PricedOrder.price([line]) { self.products[$0] } }
}
