package import FoundationEssentials
package import Conveyor
package import Postgres
package import Shop

/// An account in the API.
package struct UserBody: Encodable, Sendable {
    package let id: ID
    package let email: String
    package let fullName: OrNull<String>
    package let isActive: Bool
    package let isSuperuser: Bool
    package let createdAt: Date
    package let updatedAt: Date
    package let notifications: NotificationChoices

    enum CodingKeys: String, CodingKey {
        case id, email, notifications
        case fullName = "full_name"
        case isActive = "is_active"
        case isSuperuser = "is_superuser"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    package init(_ row: Row) throws {
        self.id = try row[0]
        self.email = try row[1]
        self.fullName = OrNull(try row[2, as: String?.self])
        self.isActive = try row[3]
        self.isSuperuser = try row[4]
        self.createdAt = try row[5]
        self.updatedAt = try row[6]
        self.notifications = NotificationChoices(
            push: try row[7, as: Bool.self], sms: try row[8, as: Bool.self], emailUpdates: try row[9, as: Bool.self])
    }

    /// The columns of `users` that ``init(_:)`` reads.
    package static let columns = "id, email, full_name, is_active, is_superuser, created_at, updated_at, wants_push, wants_sms, wants_email_updates"
    private static let one = Statement("select \(columns) from users where id = $1 and erased_at is null")

    /// An account; nil if it does not exist or was erased.
    package static func read(_ id: ID, in pool: PostgresPool) async throws -> UserBody? {
        try await pool.query(self.one, id).first.map(UserBody.init)
    }
}
