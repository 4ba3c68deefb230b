import Conveyor
import FoundationEssentials
import Postgres
import Resources
import Shop

/// An entry of an order's timeline, with its cause.
struct TimelineEntry: Encodable, Sendable {
    /// The position among the entries of one order.
    let id: Int64
    /// The event, e.g. `order.paid`.
    let type: String
    /// The order's status after it.
    let status: String
    let at: Date
    let actor: String
    let messageID: ID
    let causationID: OrNull<ID>
    let detail: JSONValue

    enum CodingKeys: String, CodingKey {
        case id, type, status, at, actor
        case messageID = "message_id"
        case causationID = "causation_id"
        case detail
    }
}

/// Reads the timeline of an order.
struct TimelineReader: Sendable {
    let pool: PostgresPool

    private static let after: Statement = """
        select id, type, status, at, actor, message_id, causation_id, detail from order_events where order_id = $1 and id > $2 order by id limit 1000
        """

    private static let all: Statement = """
        select id, type, status, at, actor, message_id, causation_id, detail, order_id from order_events where order_id = any($1) order by order_id, id
        """

    /// The entries after a position, in order; at most a thousand.
    func entries(of order: ID, after id: Int64 = 0) async throws -> [TimelineEntry] {
        try await self.pool.reading { pool in try await pool.query(Self.after, order, id).map(TimelineEntry.init) }
    }

    /// All entries of several orders.
    func entries(of orders: [ID]) async throws -> [ID: [TimelineEntry]] {
        try await self.pool.reading { pool in
            var entries: [ID: [TimelineEntry]] = [:]
            for row in try await pool.query(Self.all, orders) { entries[try row[8], default: []].append(try TimelineEntry(row)) }
            return entries
        }
    }
}

extension TimelineEntry {
    fileprivate init(_ row: Row) throws {
        self.init(
            id: try row[0], type: try row[1], status: try row[2], at: try row[3], actor: try row[4], messageID: try row[5],
            causationID: OrNull(try row[6, as: ID?.self]),
            detail: try row[7, as: JSONText?.self].map { try JSON.decode(JSONValue.self, from: $0.bytes) } ?? .object([:]))
    }
}
