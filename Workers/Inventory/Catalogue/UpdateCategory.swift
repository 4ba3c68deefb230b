import Kit
import Postgres
import Shop

/// Changes fields of a category. Its slug stays unless it is given: links to it are to last.
struct UpdateCategoryHandler: Handler {
    func handle(_ batch: [Received<UpdateCategory, Void>], in transaction: Transaction) async throws -> [Reply] {
        var tree = try await CategoryTree.lock(in: transaction)
        let replies = try batch.map { message -> Reply in
            let command = message.payload
            if let parent = command.parentID, tree[parent] == nil { try message.envelope.waitOnce(for: "the category above") }
            guard var category = tree[command.categoryID] else { return .rejected(Problem(.notFound, "There is no such category.")) }
            category.apply(command, message.envelope)
            do throws(Problem) {
                try tree.put(category)
                return .changed(category: category.id)
            } catch {
                return .rejected(error)
            }
        }
        try tree.write(in: transaction)
        return replies
    }
}

extension CategoryRecord {
    fileprivate mutating func apply(_ command: UpdateCategory, _ envelope: Envelope) {
        if let name = command.name, self.edits.admits("name", envelope) { self.name = name }
        if let slug = command.slug, self.edits.admits("slug", envelope) { self.slug = slug }
        if let description = command.description, self.edits.admits("description", envelope) { self.description = description }
        if let isActive = command.isActive, self.edits.admits("is_active", envelope) { self.isActive = isActive }
        if command.parentID != nil || command.clearsParent == true, self.edits.admits("parent_id", envelope) { self.parentID = command.parentID }
    }
}
