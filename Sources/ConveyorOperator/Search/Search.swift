import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// Finds what an operator has at hand: an order number, an e-mail address, a name, a SKU, or any id.
struct Search: Sendable {
    let pool: PostgresPool

    /// A match.
    struct Hit: Sendable, Encodable {
        enum Kind: String, Sendable, Encodable {
            case order, customer, product, message, operation
        }

        var kind: Kind
        /// The text with which the command line and the console find it again.
        var id: String
        var title: String
        var detail: String

        /// Its page in the console.
        var path: String? {
            switch self.kind {
            case .customer: "/customers/\(self.id)"
            case .order, .message, .operation: "/trace/" + Form.escaped(self.id)
            case .product: nil
            }
        }
    }

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
    func hits(_ text: String) async throws -> [Hit] {
        let text = text.withoutNUL
        guard !text.isEmpty else { return [] }
        let id = ID(text)
        let number = Int64(text.hasPrefix("#") ? text.dropFirst() : text[...])
        if id != nil || number != nil {
            let rows = try await self.pool.query(Self.orders, id, number, [ID](), Int64(Self.most))
            if !rows.isEmpty { return try rows.map(Self.order) }
        }
        // % and _ are literal.
        let pattern = "%" + text.lowercased().replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_") + "%"
        let results = try await self.pool.pipeline([
            Call(Self.customers, id, text, pattern, Int64(Self.most)), Call(Self.products, id, pattern, text, Int64(Self.most)),
        ])
        let customers = try results[0].map(Self.customer)
        var hits = customers
        // For few customers also their orders, which are the usual goal.
        if (1...3).contains(customers.count) {
            let rows = try await self.pool.query(Self.orders, ID?.none, Int64?.none, customers.compactMap { ID($0.id) }, Int64(Self.most))
            hits += try rows.map(Self.order)
        }
        hits += try results[1].map(Self.product)
        guard hits.isEmpty else { return hits }
        let subject = try await TraceSubject.find(text, in: self.pool)
        if let order = subject.orderID {
            return try await self.pool.query(Self.orders, order, Int64?.none, [ID](), Int64(1)).map(Self.order)
        }
        guard !subject.chains.isEmpty, try await !TraceStore(pool: self.pool).find(text).isEmpty else { return [] }
        return [Hit(kind: text.hasPrefix("op_") ? .operation : .message, id: text, title: text, detail: "")]
    }

    private static func order(_ row: Row) throws -> Hit {
        let (number, status, payment, total, currency, at) = try row.decode((String, String, String, Int64, String, Date).self)
        return Hit(
            kind: .order, id: number, title: "Order #\(number)",
            detail: "\(status), payment \(payment), \(Money(total, currency)), \(Moment(at).ago)")
    }

    private static func customer(_ row: Row) throws -> Hit {
        let (id, email, name, isActive, at) = try row.decode((ID, String, String?, Bool, Date).self)
        return Hit(
            kind: .customer, id: id.description, title: email,
            detail: [name, isActive ? nil : "inactive", "since \(Timestamp.string(at).prefix(10))"].compactMap(\.self).joined(separator: ", "))
    }

    private static func product(_ row: Row) throws -> Hit {
        let (id, sku, name, amount, currency, stock, isActive) = try row.decode((ID, String, String, Int64, String, Int32, Bool).self)
        return Hit(
            kind: .product, id: id.description, title: "\(sku), \(name)",
            detail: "\(Money(amount, currency)), \(Quantity.count(Int(stock))) to sell" + (isActive ? "" : ", archived"))
    }
}

/// A customer with orders and messages.
struct Customer: Sendable {
    struct Order: Sendable {
        var number: String
        var status: String
        var paymentStatus: String
        var total: String
        var at: Date
    }

    /// An event of their orders, a dead letter of theirs, or an e-mail to them.
    struct Event: Sendable {
        var at: Date
        var what: String
        var detail: String
        var path: String?
    }

    var id: ID
    var email: String
    var name: String?
    var isActive: Bool
    var since: Date
    var orders: [Order]
    var events: [Event]

    private static let person: Statement = "select id, email, full_name, is_active, created_at from users where id = $1"
    private static let orders: Statement = """
        select number::text, status, payment_status, total_amount, currency, created_at from orders where user_id = $1 order by created_at desc limit 100
        """
    private static let events: Statement = """
        select at, what, detail, path from (
            select e.at, e.type as what, 'order #' || o.number || ', ' || e.status as detail, '/trace/' || e.message_id as path
            from order_events e join orders o on o.id = e.order_id where o.user_id = $1
            union all
            select last_failed_at, type, 'dead letter, ' || status || ': ' || error_type, '/dead/' || id from dead_letters
            where headers ->> 'actor' = $1::text
            union all
            select sent_at, 'e-mail ' || kind, '', null from emails where lower(recipient) = lower($2)
        ) x order by at desc limit 200
        """

    /// nil if the customer does not exist.
    static func find(_ id: ID, in pool: PostgresPool) async throws -> Customer? {
        guard let (id, email, name, isActive, since) = try await pool.query(self.person, id).decode((ID, String, String?, Bool, Date).self).first
        else {
            return nil
        }
        let results = try await pool.pipeline([Call(self.orders, id), Call(self.events, id, email)])
        return Customer(
            id: id, email: email, name: name, isActive: isActive, since: since,
            orders: try results[0].map { row in
                let (number, status, payment, total, currency, at) = try row.decode((String, String, String, Int64, String, Date).self)
                return Order(number: number, status: status, paymentStatus: payment, total: "\(Money(total, currency))", at: at)
            },
            events: try results[1].map { row in
                Event(at: try row[0], what: try row[1], detail: try row[2], path: try row[3])
            })
    }
}
