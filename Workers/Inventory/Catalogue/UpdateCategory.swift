import Conveyor
import Postgres
import Shop

/// Changes fields of a category, all of them or none. The slug changes only if it is given, so that links stay valid.
struct UpdateCategoryHandler: Handler {
    func handle(_ batch: [Received<UpdateCategory, Void>], in transaction: Transaction) async throws -> [Reply] {
        var (tree, rows) = try await CategoryTree.lock(and: [Acceptances.reading(batch.lazy.map(\.envelope))], in: transaction)
        let acceptances = try Acceptances(rows[0])
        let replies = try batch.map { message -> Reply in
            let command = message.payload
            if let parent = command.parentID, tree[parent] == nil { try message.envelope.waitOnce(for: "the category above") }
            guard var category = tree[command.categoryID] else { return .rejected(Problem(.notFound, "There is no such category.")) }
            do throws(Problem) {
                try category.apply(command, acceptances[message.envelope])
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
    fileprivate mutating func apply(_ command: UpdateCategory, _ acceptance: Acceptance) throws(Problem) {
        var fields: [String] = []
        if let name = command.name {
            fields.append("name")
            self.name = name
        }
        if let slug = command.slug {
            fields.append("slug")
            self.slug = slug
        }
        if let description = command.description {
            fields.append("description")
            self.description = description
        }
        if let isActive = command.isActive {
            fields.append("is_active")
            self.isActive = isActive
        }
        if command.parentID != nil || command.clearsParent == true {
            fields.append("parent_id")
            self.parentID = command.parentID
        }
        try self.changes.admit(acceptance, in: fields)
    }
}
