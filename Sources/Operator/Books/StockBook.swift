import Kit
import Postgres
import Shop

/// Units: what was received is in the shop, held for an order, or sold.
struct StockBook: Sendable, Encodable {
    /// First counts and adjustments.
    var received = 0
    /// Can be sold.
    var available = 0
    /// Held for orders that are not paid yet.
    var reserved = 0
    var sold = 0
    /// `received` without the other three. If that is 0 while products are wrong that cancel out, how far they are wrong.
    var balance = 0
    /// Products that do not add up, some of them.
    var products: [Product] = []

    struct Product: Sendable, Encodable {
        var productID: ID
        var sku: String?
        /// As above, of this product.
        var balance: Int
        /// What all its movements add up to, without what can be sold.
        var ledgerBalance: Int

        enum CodingKeys: String, CodingKey {
            case productID = "product_id"
            case sku, balance
            case ledgerBalance = "ledger_balance"
        }
    }

    private static let products = """
        with moved as (
            select product_id, sum(delta) filter (where kind in ('initial', 'adjustment')) as received, sum(delta) as total
            from stock_movements group by product_id
        ), held as (
            select u.product_id, sum(u.quantity) filter (where r.state = 'held') as reserved, sum(u.quantity) filter (where r.state = 'sold') as sold
            from reservations r cross join unnest(r.product_ids, r.quantities) u(product_id, quantity) where r.state in ('held', 'sold')
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

    static func read(in transaction: Transaction) async throws -> StockBook {
        let row = try await transaction.query(self.sums, timeout: .seconds(600))[0]
        var book = StockBook()
        let deviation: Int
        (book.received, book.available, book.reserved, book.sold, deviation) = try row.decode((Int, Int, Int, Int, Int).self)
        let net = book.received - book.available - book.reserved - book.sold
        book.balance = net != 0 ? net : deviation
        if deviation != 0 {
            book.products = try await transaction.query(self.wrong, timeout: .seconds(600)).map {
                Product(productID: try $0[0], sku: try $0[1], balance: try $0[2], ledgerBalance: try $0[3])
            }
        }
        return book
    }
}
