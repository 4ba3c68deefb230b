import Conveyor
import Postgres
import RabbitMQ

/// One transaction of a bulk replay: some dead letters are locked, sent, confirmed and marked.
struct ReplayStep: Sendable {
    enum End: Sendable, Equatable {
        case more
        /// Other processes have locked the remaining dead letters for a moment.
        case locked
        case nothingLeft
        /// The job's row says that it was stopped.
        case stopped
        /// By the broker; the dead letters stay open.
        case notTaken(PublishFailure)
    }

    var sent: [ID] = []
    /// No longer open: replayed or discarded meanwhile.
    var skipped = 0
    var end = End.more

    private static let status: Statement = "select status from replay_jobs where id = $1 for share"
    private static let choose: Statement = """
        select i.position, d.id, d.status, octet_length(d.payload) from replay_job_items i join dead_letters d on d.id = i.dead_letter_id
        where i.job_id = $1 and i.state = 'waiting' order by i.position limit $2 for update of i, d skip locked
        """
    private static let isAnyLeft: Statement = "select exists (select from replay_job_items where job_id = $1 and state = 'waiting')"
    private static let read: Statement = """
        select id, queue, properties, headers, payload, coalesce(sent_at < inbox_kept_since(), false) from dead_letters where id = any($1)
        """
    private static let mark: Statement = """
        update replay_job_items i set state = m.state, at = now(), note = m.note
        from unnest($2::int4[], $3::text[], $4::text[]) m(position, state, note) where i.job_id = $1 and i.position = m.position
        """
    private static let close: Statement = """
        with closed as (update dead_letters set status = 'replayed' where id = any($1) returning id)
        insert into audit_log (actor, act, subject, reason) select $2, 'replay', id::text, $3 from closed
        """
    /// The limit of payload bytes in memory, unless one alone is larger.
    private static let chunk = 8 << 20

    /// Takes the next dead letters of a job.
    static func take(_ job: ID, upTo count: Int, from pool: PostgresPool, publisher: Publisher, actor: String) async throws -> ReplayStep {
        try await pool.transaction { transaction in
            var step = ReplayStep()
            try await transaction.actAsRecorder()
            guard try await transaction.query(Self.status, job).decode(String.self).first == "running" else {
                step.end = .stopped
                return step
            }
            let rows = try await transaction.query(Self.choose, job, Int64(max(1, count)))
            if rows.isEmpty {
                step.end = try await transaction.query(Self.isAnyLeft, job).decode(Bool.self).first == true ? .locked : .nothingLeft
                return step
            }
            var positions: [Int32] = []
            var states: [String] = []
            var notes: [String?] = []
            var chosen: [(position: Int32, id: ID)] = []
            var size = 0
            for row in rows {
                let (position, id, status, length) = try row.decode((Int32, ID, DeadStatus, Int32).self)
                guard status == .open else {
                    positions.append(position)
                    states.append("skipped")
                    notes.append("was \(status.rawValue) meanwhile")
                    continue
                }
                guard chosen.isEmpty || size + Int(length) <= Self.chunk else { break }
                size += Int(length)
                chosen.append((position, id))
            }
            step.skipped = positions.count
            let messages = try await Self.messages(chosen.map(\.id), in: transaction)
            let sending = chosen.filter { messages[$0.id] != nil }
            for (letter, failure) in zip(sending, await publisher.publish(sending.compactMap { messages[$0.id]?.outgoing })) {
                if let failure {
                    step.end = .notTaken(failure)
                    continue
                }
                positions.append(letter.position)
                states.append("sent")
                notes.append(nil)
                step.sent.append(letter.id)
            }
            transaction.enqueue(Self.mark, job, positions, states, notes)
            transaction.enqueue(Self.close, step.sent, actor, "job \(job)")
            return step
        }
    }

    private static func messages(_ ids: [ID], in transaction: Transaction) async throws -> [ID: StoredMessage] {
        var messages: [ID: StoredMessage] = [:]
        for row in try await transaction.query(Self.read, ids) {
            var message = StoredMessage(
                queue: try row[1], properties: try JSON.decode(from: row[2, as: JSONText.self].bytes),
                headers: try JSON.decode(from: row[3, as: JSONText.self].bytes), payload: try row[4])
            // It is included since the operator insisted.
            if try row[5, as: Bool.self] { message.sendAnew(at: Clock.milliseconds()) }
            messages[try row[0, as: ID.self]] = message
        }
        return messages
    }
}
