import Conveyor
import FoundationEssentials
import Postgres

/// Reads the chains of messages from the workers' tables.
struct TraceStore: Sendable {
    let application: OperatorApplication
    let pool: PostgresPool

    /// The chains of messages of an id, each as a tree, in the order of their beginnings; empty if the id is unknown.
    /// - Parameter text: the id of a message or a dead letter, or a text that the application knows.
    func find(_ text: String) async throws -> [TraceNode] {
        guard let subject = try await self.subject(text) else { return [] }
        guard !subject.chains.isEmpty else { return [] }
        let chains = Array(subject.chains)
        let results = try await self.pool.pipeline([
            Call(Self.handled, chains), Call(Self.emitted, chains), Call(Self.attempts, chains), Call(Self.calls, chains), Call(Self.dead, chains),
        ])
        var trace = TraceTree(of: self.application, subject: subject.subject)
        for row in results[0] {
            let (id, causation, chain, sentAt, handledAt) = try row.decode((ID, ID?, ID, Date, Date).self)
            trace.add(
                TraceTree.Handled(
                    queue: try row[5], handledAt: handledAt, microseconds: Int(try row[6, as: Int32.self]), attempt: Int(try row[7, as: Int16.self]),
                    decides: try row[8], outcome: try row[9], problem: try row[10]),
                of: id, type: try row[11], causedBy: causation, in: chain, sentAt: Clock.bounded(sentAt))
        }
        for row in results[1] {
            let (id, parent, queue, chain, type, at, payload) = try row.decode((ID, ID, String, ID, String, Date, String?).self)
            let subject = self.application.conveyor.subject(type, id, Array((payload ?? "").utf8))
            trace.expect(id, type: type, from: parent, queue, in: chain, at: at, subject: subject)
        }
        for row in results[2] {
            let (id, chain, at, nextAt, attempt) = try row.decode((ID, ID, Date, Date?, Int16).self)
            trace.add(
                TraceTree.Attempt(at: at, nextAt: nextAt, number: Int(attempt), queue: try row[5], errorType: try row[7], error: try row[8]), of: id,
                type: try row[6], in: chain)
        }
        for row in results[3] {
            let (id, at, took, kind, name, outcome) = try row.decode((ID, Date, Int32, String, String, String).self)
            let known = self.application.traces.calls.first { $0.recorded == kind }
            trace.add(
                TraceTree.Outside(at: at, microseconds: Int(took), kind: known ?? .init(kind, of: "", label: kind), name: name, outcome: outcome),
                of: id)
        }
        for row in results[4] {
            trace.add(
                try DeadLetter(row, of: self.application), causedBy: try row[DeadLetter.columnCount, as: String?.self].flatMap { ID($0) },
                sentAt: try row[DeadLetter.columnCount + 1, as: Date?.self].map(Clock.bounded))
        }
        return trace.roots
    }

    private func subject(_ text: String) async throws -> TraceSubject? {
        if let known = try await self.application.traces.find(text, self.pool) { return known }
        guard let id = ID(text) else { return nil }
        return try await TraceSubject.find(id, in: self.pool)
    }

    private static let handled: Statement = """
        select message_id, causation_id, correlation_id, sent_at, handled_at, consumer, took_us, attempt, decides, outcome, problem ->> 'detail', type
        from inbox where correlation_id = any($1) and attempt > 0
        """
    private static let emitted: Statement = """
        select uuid_generate_v5(i.message_id, (e.ordinality - 1)::text), i.message_id, i.consumer, i.correlation_id, e.value ->> 'type', i.handled_at,
               (e.value -> 'payload')::text
        from inbox i cross join json_array_elements(i.emitted) with ordinality e where i.correlation_id = any($1) order by i.handled_at, e.ordinality
        """
    private static let attempts: Statement = """
        select message_id, correlation_id, at, next_at, attempt, queue, type, error_type, error from attempts where correlation_id = any($1) order by at, id
        """
    private static let calls: Statement = """
        select message_id, at, took_us, kind, name, outcome from calls where correlation_id = any($1) order by at, id
        """
    private static let dead = Statement(
        """
        select \(DeadLetter.columns), headers ->> 'causation-id', sent_at from dead_letters
        where coalesce(correlation_id, message_id) = any($1) or correlation_id = any($1)
        """)
}
