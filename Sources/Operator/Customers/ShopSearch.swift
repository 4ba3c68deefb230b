import Conveyor
import ConveyorOperator
import FoundationEssentials
import Postgres
import Shop

/// Finds what customers quote: an order number, an e-mail address, a name, a SKU, or any id.
enum ShopSearch {
    private static let most = 50

    private static let orders: Statement = """
        select number::text, status, payment_status, total_amount, currency, created_at from orders
        where id = $1 or number = $2 or user_id = any($3) order by created_at desc, id limit $4
        """
    private static let customers: Statement = """
        select id, email, full_name, is_active, created_at from users
        where id = $1 or (erased_at is null and (lower(email) = lower($2) or lower(email) like $3 or lower(full_name) like $3))
        order by lower(email) = lower($2) desc, lower(email) limit $4
        """
    private static let products: Statement = """
        select id, sku, name, unit_amount, currency, stock_quantity, is_active from products
        where id = $1 or lower(sku) like $2 or lower(name) like $2 order by lower(sku) = lower($3) desc, sku limit $4
        """

    /// The matches of a text, most likely first: exact ids alone, else all that contain it.
    static func hits(_ text: String, in pool: PostgresPool) async throws -> [SearchHit] {
        let id = ID(text)
        let number = Int64(text.hasPrefix("#") ? text.dropFirst() : text[...])
        if id != nil || number != nil {
            let rows = try await pool.query(self.orders, id, number, [ID](), Int64(self.most))
            if !rows.isEmpty { return try rows.map(self.order) }
        }
        // % and _ are literal.
        let pattern = "%" + text.lowercased().replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_") + "%"
        let results = try await pool.pipeline([
            Call(self.customers, id, text, pattern, Int64(self.most)), Call(self.products, id, pattern, text, Int64(self.most)),
        ])
        let customers = try results[0].map(self.customer)
        var hits = customers
        // For few customers also their orders, which are the usual goal.
        if (1...3).contains(customers.count) {
            let rows = try await pool.query(self.orders, ID?.none, Int64?.none, customers.compactMap { ID($0.id) }, Int64(self.most))
            hits += try rows.map(self.order)
        }
        hits += try results[1].map(self.product)
        guard hits.isEmpty else { return hits }
        if let order = try await ShopTraces.find(text, in: pool)?.subject {
            return try await pool.query(self.orders, order.id, Int64?.none, [ID](), Int64(1)).map(self.order)
        }
        return []
    }

    private static func order(_ row: Row) throws -> SearchHit {
        let (number, status, payment, total, currency, at) = try row.decode((String, String, String, Int64, String, Date).self)
        return SearchHit(
            kind: "order", id: number, title: "Order #\(number)",
            detail: "\(status), payment \(payment), \(Money(total, currency)), \(Moment(at).ago)", page: .trace)
    }

    private static func customer(_ row: Row) throws -> SearchHit {
        let (id, email, name, isActive, at) = try row.decode((ID, String, String?, Bool, Date).self)
        return SearchHit(
            kind: "customer", id: id.description, title: email,
            detail: [name, isActive ? nil : "inactive", "since \(Timestamp.string(at).prefix(10))"].compactMap(\.self).joined(separator: ", "),
            page: .path("/customers/\(id)"))
    }

    private static func product(_ row: Row) throws -> SearchHit {
        let (id, sku, name, amount, currency, stock, isActive) = try row.decode((ID, String, String, Int64, String, Int32, Bool).self)
        return SearchHit(
            kind: "product", id: id.description, title: "\(sku), \(name)",
            detail: "\(Money(amount, currency)), \(Quantity.count(Int(stock))) to sell" + (isActive ? "" : ", archived"), page: .none)
    }
}
