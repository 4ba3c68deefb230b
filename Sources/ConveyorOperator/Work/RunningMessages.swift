import Conveyor
import Postgres

/// A message in a worker.
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

    /// The messages in workers now, the longest running first, as reported every second. Messages handled in less than half a second do not appear.
    static func all(in pool: PostgresPool) async throws -> [RunningMessage] {
        try await pool.query(self.list).map { row in
            RunningMessage(
                queue: try row[0], type: try row[1], messageID: try row[2], ageSeconds: try row[3], attempt: Int(try row[4, as: Int32.self]),
                worker: try row[5])
        }
    }
}
