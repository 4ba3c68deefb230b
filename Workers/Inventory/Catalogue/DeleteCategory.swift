import Conveyor
import Postgres
import Shop

/// Deletes a category without products and children.
struct DeleteCategoryHandler: Handler {
    /// Another transaction that adds a product holds the category's row: so this waits, and the next query sees the product.
    private static let lock: Statement = "select from categories where id = any($1) order by id for update"
    private static let readUsed: Statement = "select distinct category_id from products where category_id = any($1)"

    func handle(_ batch: [Received<DeleteCategory, Void>], in transaction: Transaction) async throws -> [Reply] {
        var tree = try await CategoryTree.lock(in: transaction)
        let ids = Array(Set(batch.map(\.payload.categoryID))).sorted()
        transaction.enqueue(Self.lock, ids)
        let used = Set(try await transaction.query(Self.readUsed, ids).decode(ID.self))
        let replies = batch.map { message -> Reply in
            let id = message.payload.categoryID
            guard tree[id] != nil else { return .rejected(Problem(.notFound, "There is no such category.")) }
            guard !tree.hasChildren(id) else { return .rejected(Problem(.categoryInUse, "The category has subcategories.")) }
            guard !used.contains(id) else { return .rejected(Problem(.categoryInUse, "The category has products.")) }
            tree.remove(id)
            return .changed(category: id)
        }
        try tree.write(in: transaction)
        return replies
    }
}
