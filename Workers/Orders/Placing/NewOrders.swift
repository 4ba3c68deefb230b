import Kit
import Postgres
import Shop

/// Orders to write, `pending`: their rows, their lines and the first entry of their timeline, in one statement each.
struct NewOrders: Sendable {
    private static let insertOrders: Statement = """
        insert into orders (id, user_id, total_amount, status, currency, shipping_address, billing_address)
        select m.id, m.user_id, m.total_amount, 'pending', m.currency, m.shipping_address, m.billing_address
        from unnest($1, $2, $3, $4, $5, $6) m(id, user_id, total_amount, currency, shipping_address, billing_address)
        """
    private static let insertItems: Statement = """
        insert into order_items (order_id, product_id, unit_amount, quantity, sku, name) select * from unnest($1, $2, $3, $4, $5, $6)
        """

    private struct Orders {
        var ids: [ID] = []
        var userIDs: [ID] = []
        var totals: [Int64] = []
        var currencies: [String] = []
        var shippingAddresses: [JSONText] = []
        var billingAddresses: [JSONText?] = []
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

    /// Adds an order, whose id is the message's.
    /// - Parameter lines: not empty, of one currency.
    /// - Returns: the answer: the operation goes on with the reservation of the stock.
    mutating func add(
        _ envelope: Envelope, user: ID, lines: [PricedLine], shippingAddress: Address, billingAddress: Address?
    ) throws -> (emits: [any Message], changes: [Reply.Resource]) {
        let id = envelope.messageID
        let total = lines.reduce(0) { $0 + $1.amount }
        let currency = lines[0].product.currency
        self.orders.ids.append(id)
        self.orders.userIDs.append(user)
        self.orders.totals.append(total)
        self.orders.currencies.append(currency)
        self.orders.shippingAddresses.append(JSONText(try JSON.encode(shippingAddress)))
        self.orders.billingAddresses.append(try billingAddress.map { JSONText(try JSON.encode($0)) })
        for line in lines {
            self.items.orderIDs.append(id)
            self.items.productIDs.append(line.productID)
            self.items.unitAmounts.append(line.product.unitAmount)
            self.items.quantities.append(Int32(line.quantity))
            self.items.skus.append(line.product.sku)
            self.items.names.append(line.product.name)
        }
        self.timeline.add(.init(OrderPlaced.type), to: id, status: .pending, by: envelope)
        let reserve = ReserveStock(orderID: id, lines: lines.map { OrderLine(productID: $0.productID, quantity: $0.quantity) })
        return ([reserve, OrderPlaced(orderID: id, userID: user, totalAmount: total, currency: currency)], [.order(id)])
    }

    /// Writes them with the transaction's next round trip.
    func write(in transaction: Transaction) {
        guard !self.orders.ids.isEmpty else { return }
        transaction.enqueue(
            Self.insertOrders, self.orders.ids, self.orders.userIDs, self.orders.totals, self.orders.currencies, self.orders.shippingAddresses,
            self.orders.billingAddresses)
        transaction.enqueue(
            Self.insertItems, self.items.orderIDs, self.items.productIDs, self.items.unitAmounts, self.items.quantities, self.items.skus,
            self.items.names)
        self.timeline.write(in: transaction)
    }
}
