import Conveyor
import Postgres
import Shop

/// Archives a product; existing orders keep their lines.
struct ArchiveProductHandler: Handler {
    func handle(_ batch: [Received<ArchiveProduct, Void>], in transaction: Transaction) async throws -> [Reply] {
        let (before, rows) = try await ProductRecord.lock(
            batch.lazy.map(\.payload.productID), and: [Acceptances.reading(batch.lazy.map(\.envelope))], in: transaction)
        let acceptances = try Acceptances(rows[0])
        var products = before
        let replies = batch.map { message -> Reply in
            guard var product = products[message.payload.productID] else { return .rejected(Problem(.notFound, "There is no such product.")) }
            do throws(Problem) {
                try product.changes.admit(acceptances[message.envelope], in: ["is_active"])
            } catch {
                return .rejected(error)
            }
            product.isActive = false
            products[product.id] = product
            return .changed(product: product.id)
        }
        try await ProductRecord.write(products.values.filter { before[$0.id] != $0 }, in: transaction)
        return replies
    }
}
