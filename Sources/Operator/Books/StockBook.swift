import Conveyor
import ConveyorOperator
import Postgres

/// Units: received ones are in stock, reserved for an order, or sold.
struct StockBook: Book {
    static let name = "stock"
    static let title = "Stock, units"

    /// Initial stocks and adjustments.
    var received = 0
    /// In stock.
    var available = 0
    /// Reserved for unpaid orders.
    var reserved = 0
    var sold = 0
    /// `received` minus the other three. If that is 0 although products have errors that cancel out, the sum of these errors.
    var balance = 0
    /// Some of the products with differences.
    var products: [Product] = []
    /// Some reservations for orders that do not exist, though no message that would create them is on its way or dead. Their units are missing in
    /// ``reserved``, and so are part of ``balance``.
    var stranded: [Stranded] = []

    struct Stranded: Sendable, Encodable {
        var orderID: ID
        var units: Int
        var since: String

        enum CodingKeys: String, CodingKey {
            case orderID = "order_id"
            case units, since
        }
    }

    struct Product: Sendable, Encodable {
        var productID: ID
        var sku: String?
        /// As above, for this product.
        var balance: Int
        /// The sum of all its movements, minus its stock.
        var ledgerBalance: Int

        enum CodingKeys: String, CodingKey {
            case productID = "product_id"
            case sku, balance
            case ledgerBalance = "ledger_balance"
        }
    }

    var figures: [(name: String, number: Int)] {
        [("received", self.received), ("available", self.available), ("reserved", self.reserved), ("sold", self.sold)]
    }
    var remarks: [String] {
        self.products.map { product in
            "product \(product.productID) \((product.sku ?? "").onOneLine): \(product.balance) by its reservations, \(product.ledgerBalance) by its movements"
        }
            + self.stranded.map { "held for order \($0.orderID), which is not there: \($0.units) since \($0.since.onOneLine)" }
    }

    /// `$1`: a reservation made before has its order by now, or never gets it.
    private static let products = """
        with stranded as (
            select r.order_id, r.at, r.product_ids, r.quantities from reservations r
            where r.state = 'held' and r.at < $1 and not exists (select from orders o where o.id = r.order_id)
                and not exists (select from dead_letters d where d.order_id = r.order_id and d.status = 'open')
        ), moved as (
            select product_id, sum(delta) filter (where kind in ('initial', 'adjustment')) as received, sum(delta) as total
            from stock_movements group by product_id
        ), held as (
            select u.product_id, sum(u.quantity) filter (where r.state = 'held') as reserved, sum(u.quantity) filter (where r.state = 'sold') as sold
            from reservations r cross join unnest(r.product_ids, r.quantities) u(product_id, quantity)
            where r.state in ('held', 'sold') and not exists (select from stranded s where s.order_id = r.order_id)
            group by u.product_id
        ), product as (
            select coalesce(p.id, m.product_id, h.product_id) as id, p.sku, coalesce(m.received, 0) as received, coalesce(m.total, 0) as total,
                   coalesce(p.stock_quantity, 0)::int8 as available, coalesce(h.reserved, 0) as reserved, coalesce(h.sold, 0) as sold
            from products p full join moved m on m.product_id = p.id full join held h on h.product_id = coalesce(p.id, m.product_id)
        )
        """
    private static let sums = Statement(
        """
        \(products)
        select coalesce(sum(received), 0)::int8, coalesce(sum(available), 0)::int8, coalesce(sum(reserved), 0)::int8, coalesce(sum(sold), 0)::int8,
               coalesce(sum(greatest(abs(received - available - reserved - sold), abs(total - available))), 0)::int8
        from product
        """)
    private static let wrong = Statement(
        """
        \(products)
        select id, sku, (received - available - reserved - sold)::int8, (total - available)::int8 from product
        where received <> available + reserved + sold or total <> available order by id limit 20
        """)

    private static let strandedOnes = Statement(
        """
        \(products)
        select order_id, (select sum(quantity) from unnest(quantities) quantity)::int8, to_char(at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        from stranded order by at limit 20
        """)

    static func read(beside messages: MessageBook, in transaction: Transaction) async throws -> StockBook {
        let horizon = messages.transit(to: "orders").horizon(ifNothing: true)
        let row = try await transaction.query(self.sums, horizon, timeout: .seconds(600))[0]
        var book = StockBook()
        let deviation: Int
        (book.received, book.available, book.reserved, book.sold, deviation) = try row.decode((Int, Int, Int, Int, Int).self)
        let net = book.received - book.available - book.reserved - book.sold
        book.balance = net != 0 ? net : deviation
        if deviation != 0 {
            book.products = try await transaction.query(self.wrong, horizon, timeout: .seconds(600)).map {
                Product(productID: try $0[0], sku: try $0[1], balance: try $0[2], ledgerBalance: try $0[3])
            }
            book.stranded = try await transaction.query(self.strandedOnes, horizon, timeout: .seconds(600)).map {
                Stranded(orderID: try $0[0], units: try $0[1], since: try $0[2])
            }
        }
        return book
    }
}
