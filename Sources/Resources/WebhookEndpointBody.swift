package import FoundationEssentials
package import Conveyor
package import Postgres
import Shop

/// An endpoint in the API, without its secret.
package struct WebhookEndpointBody: Encodable, Sendable {
    package let id: ID
    package let url: String
    package let events: [String]
    package let isActive: Bool
    package let description: String
    /// The time of the first failure since the last success.
    package let failingSince: OrNull<Date>
    /// The reason if webhooks-worker has switched it off: `gone` or `failing`.
    package let offReason: OrNull<String>
    package let createdAt: Date
    package let updatedAt: Date

    enum CodingKeys: String, CodingKey {
        case id, url, events
        case isActive = "is_active"
        case description
        case failingSince = "failing_since"
        case offReason = "off_reason"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    /// The columns of `webhook_endpoints` that ``init(_:)`` reads.
    package static let columns = "id, url, events, is_active, description, failing_since, off_reason, created_at, updated_at"

    /// Reads ``columns``.
    package init(_ row: Row) throws {
        self.id = try row[0]
        self.url = try row[1]
        self.events = try row[2]
        self.isActive = try row[3]
        self.description = try row[4]
        self.failingSince = OrNull(try row[5, as: Date?.self])
        self.offReason = OrNull(try row[6, as: String?.self])
        self.createdAt = try row[7]
        self.updatedAt = try row[8]
    }

    private static let one = Statement("select \(columns) from webhook_endpoints where id = $1")

    /// An endpoint; nil if it does not exist.
    package static func read(_ id: ID, in pool: PostgresPool) async throws -> WebhookEndpointBody? {
        try await pool.query(self.one, id).first.map(WebhookEndpointBody.init)
    }
}
