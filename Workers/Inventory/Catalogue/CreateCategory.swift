import Conveyor
import Postgres
import Shop

/// Creates a category; its slug is derived from the name unless given.
struct CreateCategoryHandler: Handler {
    func handle(_ batch: [Received<CreateCategory, Void>], in transaction: Transaction) async throws -> [Reply] {
        var tree = try await CategoryTree.lock(in: transaction)
        let replies = try batch.map { message -> Reply in
            let (id, command) = (message.envelope.messageID, message.payload)
            if let parent = command.parentID, tree[parent] == nil { try message.envelope.waitOnce(for: "the category above") }
            do throws(Problem) {
                try tree.put(
                    CategoryRecord(
                        id: id, parentID: command.parentID, isActive: command.isActive ?? true, name: command.name,
                        slug: command.slug ?? Slug.make(from: command.name), description: command.description, changes: Changes()))
                return .changed(category: id)
            } catch {
                return .rejected(error)
            }
        }
        try tree.write(in: transaction)
        return replies
    }
}
