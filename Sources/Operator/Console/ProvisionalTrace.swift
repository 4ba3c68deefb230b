// To be deleted when Trace/ comes.
import FoundationEssentials
import Postgres
import Shop

struct TraceNode: Sendable {
    enum Kind: String, Sendable { case http, message, handler, stripe, mail, dead }
    var id: String
    var kind: Kind
    var name: String
    var at: Date
    var ms: Double?
    var outcome: String?
    var attempt: Int?
    var messageID: ID?
    var orderID: ID?
    var children: [TraceNode]
}

struct TraceStore: Sendable {
    let pool: PostgresPool
    func find(_ text: String) async throws -> [TraceNode] { [] }
}
