import Conveyor
import Postgres

/// Finds what an operator has at hand: what the application knows, or any message.
struct Search: Sendable {
    let application: OperatorApplication
    let pool: PostgresPool

    /// The matches of a text, most likely first.
    func hits(_ text: String) async throws -> [SearchHit] {
        let text = text.withoutNUL
        guard !text.isEmpty else { return [] }
        let hits = try await self.application.search.hits(text, self.pool)
        guard hits.isEmpty else { return hits }
        guard try await !TraceStore(application: self.application, pool: self.pool).find(text).isEmpty else { return [] }
        return [SearchHit(kind: self.application.search.traceKind(text), id: text, title: text, detail: "", page: .trace)]
    }
}
