import Conveyor
import Postgres

/// The books of a shop, as an auditor reads them.
enum Books {
    /// The errors: a product whose ledger is not its stock, or whose reserved, sold and remaining units do not add up to its receipts; a stock below
    /// zero; an order whose total is not that of its lines. Empty if the books balance.
    static func imbalances(in pool: PostgresPool) async throws -> [String] { try await pool.query(self.statement).decode(String.self) }

    private static let statement: Statement = """
        with reserved as (
            select product_id, sum(quantity) as units from reservations r, unnest(r.product_ids, r.quantities) l(product_id, quantity)
            where r.state in ('held', 'sold') group by product_id
        ), ledger as (
            select product_id, sum(delta) as stock, sum(delta) filter (where kind in ('initial', 'adjustment')) as received
            from stock_movements group by product_id
        )
        select 'product ' || p.id || ' has ' || p.stock_quantity || ', the ledger ' || coalesce(l.stock, 0) || ', received '
               || coalesce(l.received, 0) || ', reserved ' || coalesce(r.units, 0)
        from products p left join ledger l on l.product_id = p.id left join reserved r on r.product_id = p.id
        where p.stock_quantity <> coalesce(l.stock, 0) or p.stock_quantity < 0
           or p.stock_quantity + coalesce(r.units, 0) <> coalesce(l.received, 0)
        union all
        select 'movement ' || m.id || ' leaves ' || m.stock_after || ' of ' || m.product_id
        from (select *, sum(delta) over (partition by product_id order by id) as running from stock_movements) m
        where m.stock_after <> m.running or m.stock_after < 0
        union all
        select 'order ' || o.id || ' comes to ' || o.total_amount
        from orders o where o.total_amount <> (select sum(i.unit_amount * i.quantity) from order_items i where i.order_id = o.id)
        """
}
