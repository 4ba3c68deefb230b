import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// Orders to write: their rows, lines, first timeline entries and deadlines, in one statement. Existing orders do not change.
struct NewOrders: Sendable {
    /// An order awaits its payment for `$9` microseconds from now. The entries keep their order: their ids are assigned as they are inserted.
    private static let insert: Statement = """
        with made as (
            insert into orders (id, user_id, total_amount, status, payment_status, payment_due_at, currency, shipping_address, billing_address, rejection)
            select m.id, m.user_id, m.total_amount, m.status, case when m.status = 'paid' then 'paid' else 'unpaid' end,
                   case when m.status = 'awaiting_payment' then now() + $9::int8 * interval '1 microsecond' end,
                   m.currency, m.shipping_address, m.billing_address, m.rejection
            from unnest($1, $2, $3, $4, $5, $6, $7, $8)
                 m(id, user_id, total_amount, status, currency, shipping_address, billing_address, rejection)
            on conflict (id) do nothing
            returning id, payment_due_at
        ), deadlines as (
            insert into payment_deadlines (due_at, order_id) select payment_due_at, id from made where payment_due_at is not null
        ), items as (
            insert into order_items (order_id, product_id, unit_amount, quantity, sku, name)
            select i.* from unnest($10, $11, $12, $13, $14, $15) i(order_id, product_id, unit_amount, quantity, sku, name)
            join made on made.id = i.order_id
        ), events as (
            insert into order_events (order_id, message_id, causation_id, type, status, actor, detail)
            select e.order_id, e.message_id, e.causation_id, e.type, e.status, e.actor,
                   case when e.status = 'awaiting_payment' then json_build_object('payment_due_at',
                       to_char(made.payment_due_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) else e.detail end
            from unnest($16, $17, $18, $19, $20, $21, $22) with ordinality
                 e(order_id, message_id, causation_id, type, status, actor, detail, position)
            join made on made.id = e.order_id
            order by e.position
        )
        select id, payment_due_at from made
        """

    private struct Orders {
        var ids: [ID] = []
        var userIDs: [ID] = []
        var totals: [Int64] = []
        var statuses: [String] = []
        var currencies: [String] = []
        var shippingAddresses: [JSONText] = []
        var billingAddresses: [JSONText?] = []
        var rejections: [JSONText?] = []
    }

    private struct Items {
        var orderIDs: [ID] = []
        var productIDs: [ID] = []
        var unitAmounts: [Int64] = []
        var quantities: [Int32] = []
        var skus: [String] = []
        var names: [String] = []
    }

    private var orders = Orders()
    private var items = Items()
    private var timeline = Timeline()

    /// Adds an order whose stock is not reserved yet.
    /// - Parameter envelope: of the command, whose id becomes the order's.
    /// - Returns: the reply: the operation continues with the reservation.
    mutating func addPending(_ envelope: Envelope, _ order: PricedOrder) throws -> Reply {
        let id = envelope.originalID
        try self.add(id, order, .pending)
        self.timeline.add(.init(OrderPlaced.type), to: id, status: .pending, by: envelope)
        let reserve = ReserveStock(orderID: id, lines: order.items.map { OrderLine(productID: $0.productID, quantity: $0.quantity) })
        return .passedOn(emits: [reserve, order.placed(id)], changes: [.order(id)])
    }

    /// Adds an order whose stock is already reserved or refused.
    /// - Parameters:
    ///   - envelope: of the answer from the inventory; its cause is the command that placed the order.
    ///   - status: `awaiting_payment`, or `paid` if it costs nothing, or `rejected` with the reason.
    mutating func add(_ id: ID, _ envelope: Envelope, _ order: PricedOrder, _ status: OrderStatus, rejection: Problem? = nil) throws {
        try self.add(id, order, status, rejection)
        var placing = envelope
        placing.messageID = envelope.causationID ?? id
        placing.causationID = nil
        self.timeline.add(.init(OrderPlaced.type), to: id, status: .pending, by: placing)
        let entry =
            if let rejection {
                try Timeline.Entry(OrderRejected.type, .init(problem: rejection))
            } else {
                Timeline.Entry(status == .paid ? OrderPaid.type : OrderAwaitingPayment.type)
            }
        self.timeline.add(entry, to: id, status: status, by: envelope)
    }

    private mutating func add(_ id: ID, _ order: PricedOrder, _ status: OrderStatus, _ rejection: Problem? = nil) throws {
        self.orders.ids.append(id)
        self.orders.userIDs.append(order.userID)
        self.orders.totals.append(order.totalAmount)
        self.orders.statuses.append(status.rawValue)
        self.orders.currencies.append(order.currency)
        self.orders.shippingAddresses.append(JSONText(try JSON.encode(order.shippingAddress)))
        self.orders.billingAddresses.append(try order.billingAddress.map { JSONText(try JSON.encode($0)) })
        self.orders.rejections.append(try rejection.map { JSONText(try JSON.encode($0)) })
        for item in order.items {
            self.items.orderIDs.append(id)
            self.items.productIDs.append(item.productID)
            self.items.unitAmounts.append(item.unitAmount)
            self.items.quantities.append(Int32(clamping: item.quantity))
            self.items.skus.append(item.sku)
            self.items.names.append(item.name)
        }
    }

    /// Writes the orders.
    /// - Parameter paymentWindow: how long the orders await their payment.
    /// - Returns: the written orders, each with its deadline if it has one; existing orders are missing.
    func write(paymentWindow: Duration = .zero, in transaction: Transaction) async throws(PostgresError) -> [ID: Date?] {
        guard !self.orders.ids.isEmpty else { return [:] }
        let (seconds, attoseconds) = paymentWindow.components
        let entries = self.timeline.columns
        let rows = try await transaction.query(
            Self.insert, self.orders.ids, self.orders.userIDs, self.orders.totals, self.orders.statuses, self.orders.currencies,
            self.orders.shippingAddresses, self.orders.billingAddresses, self.orders.rejections,
            seconds * 1_000_000 + attoseconds / 1_000_000_000_000,
            self.items.orderIDs, self.items.productIDs, self.items.unitAmounts, self.items.quantities, self.items.skus, self.items.names,
            entries.orderIDs, entries.messageIDs, entries.causationIDs, entries.types, entries.statuses, entries.actors, entries.details)
        return Dictionary(try rows.decode((ID, Date?).self)) { first, _ in first }
    }
}

extension PricedOrder {
    /// The first state with reserved stock: a free order is paid at once.
    var whenHeld: OrderStatus { self.totalAmount == 0 ? .paid : .awaitingPayment }

    /// The events of a placed order.
    func placed(_ id: ID) -> OrderPlaced { OrderPlaced(orderID: id, userID: self.userID, totalAmount: self.totalAmount, currency: self.currency) }
}
