import Kit
import Postgres
import Shop

/// The products and users that a batch of orders is about, as of one moment of its transaction.
struct Catalogue: Sendable {
    /// What an order keeps of a product.
    struct Product: Sendable {
        /// In the minor unit.
        let unitAmount: Int64
        let isActive: Bool
        let currency: String
        let sku: String
        let name: String
    }

    private let products: [ID: Product]
    private let activeUsers: Set<ID>

    private static let readProducts: Statement = "select id, unit_amount, is_active, currency, sku, name from products where id = any($1)"
    private static let readUsers: Statement = "select id from users where id = any($1) and is_active and erased_at is null"

    /// Reads these products and users in one round trip.
    static func read(products: some Sequence<ID>, users: some Sequence<ID>, in transaction: Transaction) async throws(PostgresError) -> Catalogue {
        let results = try await transaction.pipeline([
            Call(Self.readProducts, Array(Set(products))), Call(Self.readUsers, Array(Set(users))),
        ])
        var known: [ID: Product] = [:]
        known.reserveCapacity(results[0].count)
        for row in results[0] {
            known[try row[0, as: ID.self]] = Product(
                unitAmount: try row[1], isActive: try row[2], currency: try row[3], sku: try row[4], name: try row[5])
        }
        return Catalogue(products: known, activeUsers: Set(try results[1].decode(ID.self)))
    }

    /// A product; nil if there is none of that id.
    subscript(id: ID) -> Product? { self.products[id] }

    /// - Throws: `user_inactive`.
    func check(user: ID) throws(Problem) {
        guard self.activeUsers.contains(user) else { throw Problem(.userInactive, "The account is not active.") }
    }

    /// The lines at today's prices.
    /// - Throws: `product_unknown`, `product_unavailable` with the lines that are.
    func price(_ lines: [OrderLine]) throws(Problem) -> [PricedLine] {
        var priced: [PricedLine] = []
        priced.reserveCapacity(lines.count)
        var unknown: [Problem.Line] = []
        var unavailable: [Problem.Line] = []
        for line in lines {
            let refused = Problem.Line(productID: line.productID, requested: line.quantity, available: 0)
            guard let product = self.products[line.productID] else {
                unknown.append(refused)
                continue
            }
            // An order is paid at once, in one currency: the first line's.
            guard product.isActive, product.currency == priced.first?.product.currency ?? product.currency else {
                unavailable.append(refused)
                continue
            }
            priced.append(PricedLine(productID: line.productID, quantity: line.quantity, product: product))
        }
        if !unknown.isEmpty { throw Problem(.productUnknown, "Some of the products do not exist.", lines: unknown) }
        if !unavailable.isEmpty {
            throw Problem(.productUnavailable, "Some of the products are not sold, or not in this currency.", lines: unavailable)
        }
        return priced
    }
}

/// A line of an order at the price of the moment.
struct PricedLine: Sendable {
    let productID: ID
    let quantity: Int
    let product: Catalogue.Product

    /// In the minor unit. Cannot overflow, nor can the sum of an order's: prices and quantities have limits (`unit_amount_is_in_range`, `OrderLine`).
    var amount: Int64 { Int64(self.quantity) * self.product.unitAmount }
}
