import Conveyor
import Postgres

/// The effect of a bulk replay, determined before it sends anything. The list of dead letters is fixed: later ones do not join it.
struct ReplayPlan: Sendable {
    /// The effect of a replay on a dead letter's message.
    enum Verdict: Sendable, Equatable {
        case wouldRun
        /// The inbox has it: only its emitted messages would be published again.
        case alreadyApplied
        /// It would fail again at once; it can be edited or discarded. With the reason.
        case doesNotDecode(String)
        /// It is older than the inbox and may have taken effect. Only `--force` sends it.
        case forgotten
    }

    /// In the order of sending: those that would run, oldest first, then those already applied.
    private(set) var letters: [(id: ID, verdict: Verdict)] = []

    var wouldRun: Int { self.letters.count { $0.verdict == .wouldRun } }
    var alreadyApplied: Int { self.letters.count { $0.verdict == .alreadyApplied } }
    var forgotten: Int { self.letters.count { $0.verdict == .forgotten } }
    var doesNotDecode: Int { self.letters.count - self.wouldRun - self.alreadyApplied - self.forgotten }
    /// The ones that are not sent.
    var leftOut: Int { self.doesNotDecode + self.forgotten }

    /// The reasons for leaving some out, the most frequent one first.
    var reasons: [(reason: String, count: Int)] {
        var counts: [String: Int] = [:]
        for letter in self.letters { if let reason = letter.verdict.reason { counts[reason, default: 0] += 1 } }
        return counts.map { ($0.key, $0.value) }.sorted { ($1.count, $0.reason) < ($0.count, $1.reason) }
    }

    /// The same plan, but also with those that do not decode: they were named one by one.
    func takingUndecodable() -> ReplayPlan {
        self.taking { verdict in if case .doesNotDecode = verdict { true } else { false } }
    }

    /// The same plan, but also with those that may have taken effect: the operator insists.
    func takingForgotten() -> ReplayPlan { self.taking { $0 == .forgotten } }

    private func taking(_ isTaken: (Verdict) -> Bool) -> ReplayPlan {
        ReplayPlan(self.letters.map { isTaken($0.verdict) ? ($0.id, .wouldRun) : $0 })
    }

    init(_ letters: [(id: ID, verdict: Verdict)]) {
        func rank(_ verdict: Verdict) -> Int {
            switch verdict {
            case .wouldRun: 0
            case .alreadyApplied: 1
            case .doesNotDecode, .forgotten: 2
            }
        }
        for wanted in 0...2 { self.letters += letters.filter { rank($0.verdict) == wanted } }
    }
}

extension ReplayPlan.Verdict {
    /// The reason for leaving it out; nil if it is sent.
    var reason: String? {
        switch self {
        case .wouldRun, .alreadyApplied: nil
        case .doesNotDecode(let reason): reason
        case .forgotten: Retention.forgotten
        }
    }
}

extension ReplayPlan {
    private static let ofFilter = Statement("select id from dead_letters where \(DeadLetterStore.conditions) order by first_failed_at, id")
    private static let ofIDs: Statement = """
        select id from dead_letters where id = any($1) and status = 'open' order by first_failed_at, id
        """

    /// For the open dead letters of a filter.
    static func of(_ filter: DeadLetterFilter, in store: DeadLetterStore) async throws -> ReplayPlan {
        var filter = filter
        filter.status = .open
        let call = Call(self.ofFilter, parameters: DeadLetterStore.parameters(filter))
        return try await self.of(candidates: try await store.pool.pipeline([call])[0].decode(ID.self), in: store)
    }

    /// For the open ones among these dead letters.
    static func of(_ ids: [ID], in store: DeadLetterStore) async throws -> ReplayPlan {
        try await self.of(candidates: try await store.pool.query(self.ofIDs, ids).decode(ID.self), in: store)
    }

    /// Larger payloads are read one by one.
    private static let small = 64 << 10

    private static let look: Statement = """
        select d.id, d.type, d.headers ->> 'schema', exists (select from inbox i where i.message_id = d.message_id and i.consumer = d.queue),
               case when octet_length(d.payload) <= $2 then d.payload end, coalesce(d.sent_at < inbox_kept_since(), false)
        from dead_letters d where d.id = any($1)
        """
    private static let payload: Statement = "select payload from dead_letters where id = $1"

    private static func of(candidates: [ID], in store: DeadLetterStore) async throws -> ReplayPlan {
        var verdicts: [ID: Verdict] = [:]
        var start = 0
        while start < candidates.count {
            let chunk = Array(candidates[start..<min(candidates.count, start + 200)])
            start += chunk.count
            for row in try await store.pool.query(self.look, chunk, Int32(self.small)) {
                let id = try row[0, as: ID.self]
                if try row[3, as: Bool.self] {
                    verdicts[id] = .alreadyApplied
                    continue
                }
                if try row[5, as: Bool.self] {
                    verdicts[id] = .forgotten
                    continue
                }
                var payload = try row[4, as: [UInt8]?.self]
                if payload == nil { payload = try await store.pool.query(self.payload, id).decode([UInt8].self).first }
                let schema = try row[2, as: String?.self].flatMap { Int($0) } ?? 1
                verdicts[id] = store.application.verdict(type: try row[1], schema: schema, payload: payload ?? [])
            }
        }
        return ReplayPlan(candidates.compactMap { id in verdicts[id].map { (id, $0) } })
    }
}

extension OperatorApplication {
    /// The effect of a replay, as far as the message itself decides it.
    func verdict(type name: String, schema: Int, payload: [UInt8]) -> ReplayPlan.Verdict {
        guard let type = self.message(name) else { return .doesNotDecode("`\(name)` is not a message type") }
        guard schema <= type.schema else { return .doesNotDecode("schema \(schema) of \(name) is newer than \(type.schema), the newest known here") }
        do {
            let message = try JSON.decode(type, from: payload)
            var fields = FieldCheck()
            message.check(&fields)
            return fields.findings.first { $0.consequence == .deadLetter }.map { .doesNotDecode($0.description) } ?? .wouldRun
        } catch {
            return .doesNotDecode("not the JSON of \(name): \(JSON.explain(error))")
        }
    }
}
