import Kit
import Postgres
import Shop

/// Takes a product out of the shop; orders keep their lines.
struct ArchiveProductHandler: Handler {
    func handle(_ batch: [Received<ArchiveProduct, Void>], in transaction: Transaction) async throws -> [Reply] {
        let before = try await ProductRecord.lock(batch.lazy.map(\.payload.productID), in: transaction)
        var products = before
        let replies = batch.map { message -> Reply in
            let id = message.payload.productID
            guard products[id] != nil else { return .rejected(Problem(.notFound, "There is no such product.")) }
            products[id]?.setActive(false, message.envelope)
            return .changed(product: id)
        }
        try await ProductRecord.write(products.values.filter { before[$0.id] != $0 }, in: transaction)
        return replies
    }
}
