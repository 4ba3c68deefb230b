import Conveyor
import Postgres
import Shop

/// A category's row.
struct CategoryRecord: Sendable, Equatable {
    let id: ID
    var parentID: ID?
    var isActive: Bool
    var name: String
    var slug: String
    var description: String?
    var changes: Changes
}

/// All categories, locked against other writers until the transaction ends: only all of them together show whether they form a tree, and whether
/// slugs are unique. There are few, and they seldom change; readers are not blocked.
struct CategoryTree: Sendable {
    private let before: [ID: CategoryRecord]
    private var categories: [ID: CategoryRecord]

    private static let lock: Statement = "lock table categories in share row exclusive mode"
    private static let read: Statement = "select id, parent_id, is_active, name, slug, description, changed from categories"
    private static let upsert: Statement = """
        insert into categories (id, parent_id, is_active, name, slug, description, changed)
        select * from unnest($1, $2, $3, $4, $5, $6, $7)
        on conflict (id) do update
        set parent_id = excluded.parent_id, is_active = excluded.is_active, name = excluded.name, slug = excluded.slug,
            description = excluded.description, changed = excluded.changed, updated_at = now()
        """
    private static let delete: Statement = "delete from categories where id = any($1)"

    /// Locks and reads them.
    static func lock(in transaction: Transaction) async throws -> CategoryTree { try await self.lock(and: [], in: transaction).tree }

    /// Locks and reads them, and runs the given queries under the lock.
    static func lock(and calls: [Call], in transaction: Transaction) async throws -> (tree: CategoryTree, rows: [Rows]) {
        transaction.enqueue(Self.lock)
        let rows = try await transaction.pipeline([Call(Self.read)] + calls)
        let tree = try CategoryTree(
            rows[0].map { row in
                CategoryRecord(
                    id: try row[0], parentID: try row[1], isActive: try row[2], name: try row[3], slug: try row[4], description: try row[5],
                    changes: try Changes(row[6, as: JSONText?.self]))
            })
        return (tree, Array(rows.dropFirst()))
    }

    init(_ categories: [CategoryRecord]) {
        self.categories = Dictionary(uniqueKeysWithValues: categories.map { ($0.id, $0) })
        self.before = self.categories
    }

    /// A category; nil if the id does not exist.
    subscript(id: ID) -> CategoryRecord? { self.categories[id] }

    /// Whether a category has children.
    func hasChildren(_ id: ID) -> Bool { self.categories.values.contains { $0.parentID == id } }

    /// Inserts or updates a category.
    /// - Throws: `slug_taken`, `category_cycle`; `invalid` for a missing parent or slug.
    mutating func put(_ category: CategoryRecord) throws(Problem) {
        guard !category.slug.isEmpty else {
            throw Problem(.invalid, "A category needs a slug.", errors: [.init(field: "slug", message: "cannot be made from this name")])
        }
        guard !self.categories.values.contains(where: { $0.slug == category.slug && $0.id != category.id }) else {
            throw Problem(.slugTaken, "Another category has this slug.")
        }
        var above = category.parentID
        while let id = above {
            guard id != category.id else { throw Problem(.categoryCycle, "A category cannot be below itself.") }
            guard let parent = self.categories[id] else { throw Self.unknownParent }
            above = parent.parentID
        }
        self.categories[category.id] = category
    }

    static let unknownParent = Problem(
        .invalid, "There is no such category.", errors: [.init(field: "parent_id", message: "is not the id of a category")])

    /// Removes a category.
    mutating func remove(_ id: ID) { self.categories[id] = nil }

    /// Writes the changes with the transaction's next round trip.
    func write(in transaction: Transaction) throws {
        let removed = self.before.keys.filter { self.categories[$0] == nil }
        if !removed.isEmpty { transaction.enqueue(Self.delete, removed) }
        let changed = self.categories.values.filter { self.before[$0.id] != $0 }
        guard !changed.isEmpty else { return }
        transaction.enqueue(
            Self.upsert, changed.map(\.id), changed.map(\.parentID), changed.map(\.isActive), changed.map(\.name), changed.map(\.slug),
            changed.map(\.description), try changed.map { try $0.changes.json })
    }
}

extension Reply {
    /// The event for a changed category.
    static func changed(category id: ID) -> Reply {
        .done(emits: [CatalogChanged(productIDs: [], categoryIDs: [id])], changes: [.category(id)])
    }
}

extension Envelope {
    /// A message may refer to another one that was accepted earlier but is handled later, so the first attempt is retried.
    /// - Throws: `Transient` at the message's first attempt.
    func waitOnce(for what: String) throws(Transient) {
        if self.attempt == 1 { throw Transient("\(what) does not exist (yet)") }
    }
}
