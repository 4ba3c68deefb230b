// To be deleted when Trace/ comes.
import Postgres
import Shop

struct Trace: Sendable { var text: String }
struct TraceStore: Sendable {
    let pool: PostgresPool
    func find(_ id: ID) async throws -> Trace? { nil }
    func find(_ text: String) async throws -> Trace? { nil }
}
