import FoundationEssentials
import Glibc
import Logging
import Postgres
import RabbitMQ
import Synchronization

/// Operators' commands to a worker, read from Postgres every second, and the worker's list of long-running messages for operators.
///
/// A batch costs two mutex locks; only one that takes longer than ``longEnough`` costs a statement.
final class WorkerControls: Sendable {
    private struct Held {
        var work: Dispatcher.Work
        var since: ContinuousClock.Instant
    }

    private struct State {
        var rules: [SkipRule] = []
        var wanted: Set<String> = []
        var held: [UInt64: Held] = [:]
        var next: UInt64 = 0
        /// Whether the table may contain rows of this worker.
        var hasReported = true
    }

    private let queue: String
    private let worker: String
    private let state = Mutex(State())

    /// The running time after which operators see a batch.
    private static let longEnough: Duration = .milliseconds(500)
    /// The limit of rows per worker.
    private static let mostRows = 500

    init(queue: String) {
        self.queue = queue
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        self.worker = "\(String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)):\(getpid())"
    }

    /// The rules in force.
    var rules: [SkipRule] { self.state.withLock { $0.rules } }

    /// The types in `wanted_events`.
    var wantedEvents: Set<String> { self.state.withLock { $0.wanted } }

    /// A slot starts a batch.
    func begin(_ work: Dispatcher.Work) -> UInt64 {
        self.state.withLock { state in
            state.next &+= 1
            state.held[state.next] = Held(work: work, since: .now)
            return state.next
        }
    }

    /// A slot has finished a batch.
    func end(_ number: UInt64) { self.state.withLock { _ = $0.held.removeValue(forKey: number) } }

    // MARK: Every second

    private static let look: Statement = """
        select coalesce((select paused from queue_controls where queue = $1), false), s.id, s.type, s.actor, s.since, s.until
        from (values (1)) one left join skips s on s.queue = $1 and s.lifted_at is null
        """

    private static let wanted: Statement = "select distinct type from wanted_events"

    /// Reads the operators' commands, and the types in `wanted_events`.
    /// - Returns: whether the queue is paused.
    func look(in pool: PostgresPool) async throws -> Bool {
        let results = try await pool.pipeline([Call(Self.look, self.queue), Call(Self.wanted)])
        let (rows, wanted) = (results[0], Set(try results[1].decode(String.self)))
        let rules = try rows.compactMap { row in
            try row[1, as: Int64?.self].map { SkipRule(id: $0, type: try row[2], actor: try row[3], since: try row[4], until: try row[5]) }
        }
        self.state.withLock { ($0.rules, $0.wanted) = (rules, wanted) }
        return try rows.first.map { try $0[0, as: Bool.self] } ?? false
    }

    private static let forget: Statement = """
        delete from running where worker = $1 and not (message_id = any($2)) or queue = $3 and seen_at < clock_timestamp() - interval '1 minute'
        """
    private static let note: Statement = """
        insert into running (worker, queue, message_id, type, attempt, since)
        select $1, $2, m.id, m.type, m.attempt, clock_timestamp() - m.age * interval '1 second'
        from unnest($3::uuid[], $4::text[], $5::int4[], $6::float8[]) m(id, type, attempt, age)
        on conflict (worker, message_id) do update set seen_at = clock_timestamp()
        """

    /// Writes the long-running messages, or removes them if there are none any more.
    func report(in pool: PostgresPool) async throws {
        let (held, hasReported) = self.state.withLock { state in
            (state.held.values.filter { ContinuousClock.now - $0.since >= Self.longEnough }, state.hasReported)
        }
        guard !held.isEmpty || hasReported else { return }
        let now = ContinuousClock.now
        var rows: [ID: (type: String, attempt: Int32, age: Double)] = [:]
        for held in held {
            for delivery in held.work.deliveries where rows.count < Self.mostRows {
                guard let envelope = try? Envelope(delivery) else { continue }
                rows[envelope.messageID] = (envelope.type.replacing("\0", with: ""), Int32(clamping: envelope.attempt), (now - held.since).seconds)
            }
        }
        let ids = Array(rows.keys)
        var calls = [Call(Self.forget, self.worker, ids, self.queue)]
        if !ids.isEmpty {
            let values = ids.compactMap { rows[$0] }
            calls.append(Call(Self.note, self.worker, self.queue, ids, values.map(\.type), values.map(\.attempt), values.map(\.age)))
        }
        _ = try await pool.pipeline(calls)
        self.state.withLock { $0.hasReported = !ids.isEmpty }
    }

    // MARK: Counting

    private static let count: Statement = """
        update skips set caught = caught + m.n from unnest($1::int8[], $2::int8[]) m(id, n) where skips.id = m.id
        """

    /// Counts skipped messages in the batch's transaction.
    static func count(_ caught: [Int64], in transaction: Transaction) {
        guard !caught.isEmpty else { return }
        let counts = caught.reduce(into: [Int64: Int64]()) { $0[$1, default: 0] += 1 }.sorted { $0.key < $1.key }
        transaction.enqueue(self.count, counts.map(\.key), counts.map(\.value))
    }
}
