// To be deleted, as a whole, when Queues/ and DeadLetters/ come: they have the same names.

import FoundationEssentials
import Kit
import Postgres
import Shop

struct QueueStatus: Sendable {
    var name: String
    var ready = 0, unacked = 0, retrying = 0, dead = 0, consumers = 0
    var publishRate = 0.0, deliverRate = 0.0
    var oldestSeconds: Double?
    var paused = false
}

struct QueueBoard: Sendable {
    let api: ManagementAPI
    let definitions: Definitions
    let pool: PostgresPool
    func all() async throws -> [QueueStatus] {
        let states = try await self.api.queues()
        return self.definitions.workQueues.map { name in
            let state = states.first { $0.name == name }
            return QueueStatus(
                name: name, ready: state?.ready ?? 0, unacked: state?.unacked ?? 0, consumers: state?.consumers ?? 0,
                publishRate: state?.statistics?.publish?.rate ?? 0, deliverRate: state?.statistics?.deliver?.rate ?? 0)
        }
    }
}

struct DeadGroup: Sendable {
    var group: String, queue: String, type: String, errorType: String
    var count: Int
    var firstSeen: Date, lastSeen: Date
    var error: String
    var example: ID
}

enum DeadStatus: String, Sendable { case open, replayed, discarded }

struct DeadLetterStore: Sendable {
    let pool: PostgresPool
    func countOpen() async throws -> (letters: Int, groups: Int) {
        let row = try await self.pool.query(#"select count(*), count(distinct "group") from dead_letters where status = 'open'"#)[0]
        let (count, groups) = try row.decode((Int64, Int64).self)
        return (Int(count), Int(groups))
    }
    func groups() async throws -> [DeadGroup] { [] }
}
