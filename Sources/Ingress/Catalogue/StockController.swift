import Conveyor
import FoundationEssentials
import Hummingbird
import Postgres
import Resources
import Shop

/// The stock of products and its ledger, for the staff.
struct StockController: Sendable {
    let intake: Intake
    let authenticator: Authenticator
    let pool: PostgresPool

    func add(to routes: inout Routes) {
        routes.api(.post, "/products/{id}/stock", self.adjust)
        routes.api(.get, "/products/{id}/stock-movements", self.movements)
    }

    @Sendable private func adjust(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.superuser(request)
        guard let id = ID(context.parameter("id")) else { throw ProductsController.notFound }
        let input = try await request.read { fields in
            let delta = fields.optional("delta", Rule<Int>.difference)
            let count = fields.optional("set", Rule<Int>.count)
            let isGiven = (fields.has("delta") && !fields.isNull("delta"), fields.has("set") && !fields.isNull("set"))
            if isGiven.0 == isGiven.1 { fields.refuse("delta", "is required, or set; not both") }
            return AdjustStock(productID: id, delta: delta, set: count, reason: fields.required("reason", .words(1...500)))
        }
        return try await self.intake.accept(input.value, .adjustStock, about: .existing(id), by: user.id, body: input.bytes, request, context)
    }

    private static let exists: Statement = "select from products where id = $1"
    private static let page: Statement = """
        select id, product_id, kind, delta, stock_after, reason, order_id, actor, at from stock_movements
        where product_id = $1 and id < $2 order by id desc limit $3
        """

    /// Newest first.
    @Sendable private func movements(_ request: Request, _ context: IngressContext) async throws -> Response {
        _ = try await self.authenticator.superuser(request)
        let query = try Query(request)
        let (limit, cursor) = (try query.limit(), try query.cursor())
        guard let id = ID(context.parameter("id")) else { throw ProductsController.notFound }
        let before: Int64? = if let cursor { cursor.id == id ? Int64(cursor.key) : nil } else { .max }
        guard let before else { throw Problem(.badCursor, "The cursor is not valid for this list; use next_cursor of the previous page.") }
        let results = try await self.pool.reading { pool in
            try await pool.pipeline([Call(Self.exists, id), Call(Self.page, id, before, Int64(limit + 1))])
        }
        guard !results[0].isEmpty else { throw ProductsController.notFound }
        let movements = try results[1].map(StockMovementBody.init)
        return try .page(Page(movements, limit: limit) { Cursor(key: String($0.id), id: id) }, request)
    }
}

/// A stock movement in the API.
struct StockMovementBody: Encodable, Sendable {
    let id: Int64
    let productID: ID
    let kind: String
    let delta: Int
    let stockAfter: Int
    let reason: OrNull<String>
    let orderID: OrNull<ID>
    let actor: String
    let at: Date

    enum CodingKeys: String, CodingKey {
        case id
        case productID = "product_id"
        case kind, delta
        case stockAfter = "stock_after"
        case reason
        case orderID = "order_id"
        case actor, at
    }

    fileprivate init(_ row: Row) throws {
        self.id = try row[0]
        self.productID = try row[1]
        self.kind = try row[2]
        self.delta = Int(try row[3, as: Int32.self])
        self.stockAfter = Int(try row[4, as: Int32.self])
        self.reason = OrNull(try row[5, as: String?.self])
        self.orderID = OrNull(try row[6, as: ID?.self])
        self.actor = try row[7]
        self.at = try row[8]
    }
}
