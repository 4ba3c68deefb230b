import Conveyor
import Fixtures
import Postgres
import Shop
import Testing

/// Arranging.
extension Bench {
    static let address = Address(name: "Ada Lovelace", line1: "12 St James Square", city: "London", postalCode: "SW1Y 4JH", country: "GB")

    /// A new active account.
    func user(isActive: Bool = true, isSuperuser: Bool = false) async throws -> ID {
        let id = ID.new()
        try await self.owner.query(
            "insert into users (id, email, password_hash, is_active, is_superuser) values ($1, $2, '!', $3, $4)", id, "\(id)@example.com", isActive,
            isSuperuser)
        return id
    }

    /// A new product, made by the inventory.
    func product(
        stock: Int = 100, unitAmount: Int64 = 1000, currency: String? = nil, isActive: Bool? = nil, threshold: Int? = nil
    ) async throws -> ID {
        let id = ID.new()
        try await self.handle(
            Sent(
                CreateProduct(
                    sku: "SKU-\(id)", name: "Product \(id)", unitAmount: unitAmount, currency: currency, stockQuantity: stock, isActive: isActive,
                    lowStockThreshold: threshold), id: id))
        return id
    }

    /// A placed order: `pending`.
    /// - Parameter lines: by default of new products.
    func placed(by user: ID? = nil, _ lines: [OrderLine]? = nil) async throws -> ID {
        let owner = if let user { user } else { try await self.user() }
        let items = if let lines { lines } else { [OrderLine(productID: try await self.product(), quantity: 2)] }
        let order = Sent(PlaceOrder(userID: owner, items: items, shippingAddress: Self.address), by: owner)
        #expect(try await self.handle(order).problem == nil)
        return order.id
    }

    /// An order in a state, reached through the messages that lead there.
    func order(_ status: OrderStatus, by user: ID? = nil, _ lines: [OrderLine]? = nil) async throws -> ID {
        let order = try await self.placed(by: user, lines)
        func stockIsReserved() async throws {
            let items = try await self.lines(of: order)
            try await self.handle(ReserveStock(orderID: order, lines: items))
            try await self.handle(StockReserved(orderID: order))
        }
        func isPaid() async throws {
            try await stockIsReserved()
            try await self.handle(try await self.payment(of: order))
            try await self.handle(Sent(OrderPaid(orderID: order), queue: "inventory"))
        }
        switch status {
        case .pending: break
        case .awaitingPayment: try await stockIsReserved()
        case .paid: try await isPaid()
        case .shipped:
            try await isPaid()
            try await self.handle(ShipOrder(orderID: order))
        case .completed:
            try await isPaid()
            try await self.handle(ShipOrder(orderID: order))
            try await self.handle(CompleteOrder(orderID: order))
        case .rejected: try await self.handle(StockRefused(orderID: order, problem: Problem(.outOfStock, "Sold out.")))
        case .cancelled:
            try await stockIsReserved()
            try await self.handle(CancelOrder(orderID: order))
            try await self.handle(ReleaseStock(orderID: order, reason: "cancelled"))
        case .expired:
            try await stockIsReserved()
            try await self.handle(PaymentCanceled(orderID: order, reason: .expired))
            try await self.handle(ReleaseStock(orderID: order, reason: "expired"))
        }
        #expect(try await self.state(of: order).status == status)
        return order
    }

    /// Stripe's event for a paid order.
    func payment(of order: ID) async throws -> PaymentSucceeded {
        let state = try await self.state(of: order)
        return PaymentSucceeded(orderID: order, paymentIntentID: "pi_\(order)", amount: state.total, currency: state.currency)
    }

    /// Moves an order's deadline to a second ago.
    func passDeadline(of order: ID) async throws {
        try await self.owner.query("update orders set payment_due_at = now() - interval '1 second' where id = $1", order)
        try await self.owner.query("delete from payment_deadlines where order_id = $1", order)
        try await self.owner.query("insert into payment_deadlines (due_at, order_id) select payment_due_at, id from orders where id = $1", order)
    }
}

/// Reading.
extension Bench {
    /// An order's row.
    struct OrderState: Sendable, Equatable {
        var status: OrderStatus
        var paymentStatus: PaymentStatus
        var total: Int64
        var currency: String
        var refunded: Int64
        var revival: String?
        var isDue: Bool?
        var rejection: Problem?
    }

    func state(of order: ID) async throws -> OrderState {
        let rows = try await self.owner.query(
            """
            select status, payment_status, total_amount, currency, amount_refunded, revival, payment_due_at <= now(), rejection
            from orders where id = $1
            """, order)
        let row = try #require(rows.first, "there is no order \(order)")
        return OrderState(
            status: try #require(OrderStatus(rawValue: try row[0, as: String.self])),
            paymentStatus: try #require(PaymentStatus(rawValue: try row[1, as: String.self])), total: try row[2], currency: try row[3],
            refunded: try row[4], revival: try row[5], isDue: try row[6],
            rejection: try row[7, as: JSONText?.self].map { try JSON.decode(from: $0.bytes) })
    }

    func lines(of order: ID) async throws -> [OrderLine] {
        try await self.owner.query("select product_id, quantity from order_items where order_id = $1 order by product_id", order).map {
            OrderLine(productID: try $0[0], quantity: Int(try $0[1, as: Int32.self]))
        }
    }

    /// The timeline as `type status`, with a `?` after ignored entries.
    func timeline(of order: ID) async throws -> [String] {
        try await self.owner.query(
            """
            select type || ' ' || status || case when (detail ->> 'ignored')::bool then ' ?' else '' end
            from order_events where order_id = $1 order by id
            """, order
        ).decode(String.self)
    }

    /// A product's stock.
    func stock(_ product: ID) async throws -> Int {
        Int(try #require(try await self.owner.query("select stock_quantity from products where id = $1", product).decode(Int32.self).first))
    }

    /// `held`, `sold`, `released`, `refused`; nil without a reservation.
    func reservation(of order: ID) async throws -> String? {
        try await self.owner.query("select state from reservations where order_id = $1", order).decode(String.self).first
    }

    func count(_ sql: Statement, _ parameters: any PostgresEncodable...) async throws -> Int {
        let rows = try await self.owner.pipeline([Call(sql, parameters: parameters)])[0]
        return Int(try #require(try rows.decode(Int64.self).first))
    }

    /// The result of a command's operation: `succeeded`, `rejected`; nil while it continues.
    func operation(_ id: ID) async throws -> String? {
        try await self.owner.query("select outcome from inbox where correlation_id = $1 and decides order by handled_at limit 1", id)
            .decode(String.self).first
    }

    /// The errors in the books.
    func imbalances() async throws -> [String] { try await Books.imbalances(in: self.owner) }
}
