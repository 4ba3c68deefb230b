package import Conveyor
package import Postgres
import Shop

/// A category in the API.
package struct CategoryBody: Encodable, Sendable {
    package let id: ID
    package let name: String
    package let slug: String
    package let description: OrNull<String>
    package let parentID: OrNull<ID>
    package let isActive: Bool

    enum CodingKeys: String, CodingKey {
        case id, name, slug, description
        case parentID = "parent_id"
        case isActive = "is_active"
    }

    package init(id: ID, name: String, slug: String, description: OrNull<String>, parentID: OrNull<ID>, isActive: Bool) {
        (self.id, self.name, self.slug, self.description) = (id, name, slug, description)
        (self.parentID, self.isActive) = (parentID, isActive)
    }

    /// The columns of `categories` that ``init(_:)`` reads.
    package static let columns = "id, name, slug, nullif(description, ''), parent_id, is_active"

    /// Reads ``columns``.
    package init(_ row: Row) throws {
        self.id = try row[0]
        self.name = try row[1]
        self.slug = try row[2]
        self.description = OrNull(try row[3, as: String?.self])
        self.parentID = OrNull(try row[4, as: ID?.self])
        self.isActive = try row[5]
    }

    private static let one = Statement("select \(columns) from categories where id = $1")

    /// A category; nil if it does not exist.
    package static func read(_ id: ID, in pool: PostgresPool) async throws -> CategoryBody? {
        try await pool.query(self.one, id).first.map(CategoryBody.init)
    }
}
