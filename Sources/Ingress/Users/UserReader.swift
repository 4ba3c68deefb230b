import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// An account in the API.
struct UserBody: Encodable, Sendable {
    let id: ID
    let email: String
    let fullName: OrNull<String>
    let isActive: Bool
    let isSuperuser: Bool
    let createdAt: Date
    let updatedAt: Date
    let notifications: NotificationChoices

    enum CodingKeys: String, CodingKey {
        case id, email, notifications
        case fullName = "full_name"
        case isActive = "is_active"
        case isSuperuser = "is_superuser"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    fileprivate init(_ row: Row) throws {
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
}

/// Reads accounts; erased ones do not exist here.
struct UserReader: Sendable {
    let pool: PostgresPool

    private static let columns = "id, email, full_name, is_active, is_superuser, created_at, updated_at, wants_push, wants_sms, wants_email_updates"
    private static let one = Statement("select \(columns) from users where id = $1 and erased_at is null")
    private static let page = Statement(
        """
        select \(columns) from users
        where erased_at is null and ($1::text is null or lower(email) like $1 or lower(full_name) like $1)
          and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
        order by created_at desc, id desc limit $4
        """)

    /// An account; nil if the id does not exist.
    func user(_ id: ID) async throws -> UserBody? {
        try await self.pool.reading { pool in try await pool.query(Self.one, id).first.map(UserBody.init) }
    }

    /// The newest accounts after the cursor.
    /// - Parameter text: a part of the address or the name; nil for all.
    /// - Returns: up to `count`.
    func users(with text: String?, from cursor: Cursor?, count: Int) async throws -> [UserBody] {
        let time = try cursor?.time()
        let pattern = text.map { "%\($0.lowercased().map { "\\%_".contains($0) ? "\\\($0)" : String($0) }.joined())%" }
        return try await self.pool.reading { pool in
            try await pool.query(Self.page, pattern, time, cursor?.id, Int64(count)).map(UserBody.init)
        }
    }
}
