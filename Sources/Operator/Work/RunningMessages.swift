import Conveyor
import Postgres
import Shop

/// A message that a worker holds.
struct RunningMessage: Sendable, Encodable {
    var queue: String
    var type: String
    var messageID: ID
    var ageSeconds: Double
    /// From 1.
    var attempt: Int
    /// `host:pid`
    var worker: String

    enum CodingKeys: String, CodingKey {
        case queue, type
        case messageID = "message_id"
        case ageSeconds = "age_seconds"
        case attempt, worker
    }

    private static let list: Statement = """
        select queue, type, message_id, extract(epoch from clock_timestamp() - since)::float8, attempt, worker from running
        where seen_at > clock_timestamp() - interval '5 seconds' order by since, message_id limit 1000
        """

    /// What workers hold now, the longest held first, as they say every second. What is handled in less than half a second is not among them.
    static func all(in pool: PostgresPool) async throws -> [RunningMessage] {
        try await pool.query(self.list).map { row in
            RunningMessage(
                queue: try row[0], type: try row[1], messageID: try row[2], ageSeconds: try row[3], attempt: Int(try row[4, as: Int32.self]),
                worker: try row[5])
        }
    }
}
