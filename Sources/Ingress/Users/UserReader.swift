import Conveyor
import FoundationEssentials
import Postgres
import Resources
import Shop

/// Reads accounts; erased ones do not exist here.
struct UserReader: Sendable {
    let pool: PostgresPool

    private static let page = Statement(
        """
        select \(UserBody.columns) from users
        where erased_at is null and ($1::text is null or lower(email) like $1 or lower(full_name) like $1)
          and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
        order by created_at desc, id desc limit $4
        """)

    /// An account; nil if the id does not exist.
    func user(_ id: ID) async throws -> UserBody? {
        try await self.pool.reading { pool in try await UserBody.read(id, in: pool) }
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
