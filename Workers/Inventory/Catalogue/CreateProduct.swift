import Conveyor
import Postgres
import Shop

/// Creates a product with its initial stock. The stock keeping unit is unique; the second product with it is rejected.
struct CreateProductHandler: Handler {
    /// The default currency: ISO 4217, lower case.
    let currency: String
    /// The default threshold.
    let lowStockThreshold: Int

    private static let insert: Statement = """
        insert into products (id, unit_amount, category_id, low_stock_threshold, is_active, currency, sku, name, description, images)
        select m.id, m.unit_amount, m.category_id, m.low_stock_threshold, m.is_active, m.currency, m.sku, m.name, m.description,
               array(select json_array_elements_text(m.images))
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             m(id, unit_amount, category_id, low_stock_threshold, is_active, currency, sku, name, description, images)
        on conflict (sku) do nothing
        returning id
        """

    func handle(_ batch: [Received<CreateProduct, Void>], in transaction: Transaction) async throws -> [Reply] {
        let known = try await ProductRecord.categories(batch.lazy.compactMap(\.payload.categoryID), in: transaction)
        var problems: [ID: Problem] = [:]
        for message in batch {
            do {
                try ProductRecord.check(
                    unitAmount: message.payload.unitAmount, stock: message.payload.stockQuantity, threshold: message.payload.lowStockThreshold)
                try ProductRecord.check(price: message.payload.unitAmount, in: message.payload.currency ?? self.currency)
                try ProductRecord.check(category: message.payload.categoryID, among: known, message.envelope)
            } catch let problem as Problem {
                problems[message.envelope.messageID] = problem
            }
        }
        let valid = batch.filter { problems[$0.envelope.messageID] == nil }
        let rows = try await transaction.query(
            Self.insert, valid.map(\.envelope.messageID), valid.map(\.payload.unitAmount), valid.map(\.payload.categoryID),
            valid.map { $0.payload.lowStockThreshold.map { Int32(clamping: $0) } }, valid.map { $0.payload.isActive ?? true },
            valid.map { $0.payload.currency ?? self.currency }, valid.map(\.payload.sku), valid.map(\.payload.name),
            valid.map { $0.payload.description ?? "" }, try valid.map { JSONText(try JSON.encode($0.payload.images ?? [])) })
        let made = Set(try rows.decode(ID.self))
        var ledger = try await StockLedger.lock(made, defaultThreshold: self.lowStockThreshold, in: transaction)
        let replies = try batch.map { message -> Reply in
            let id = message.envelope.messageID
            if let problem = problems[id] { return .rejected(problem) }
            guard made.contains(id) else { return .rejected(ProductRecord.skuTaken) }
            _ = try ledger.move(message.payload.stockQuantity ?? 0, of: id, .init(kind: .initial, actor: message.envelope.actor))
            return .changed(product: id)
        }
        try ledger.write(in: transaction)
        return replies
    }
}
