import Conveyor
import FoundationEssentials
import Postgres
import RabbitMQ

/// Operators' actions on dead letters. Each is one transaction: the new status and a row in the audit log with person, time and reason.
///
/// They use the recorder's role, which has no other rights.
struct DeadLetterActs: Sendable {
    let application: OperatorApplication
    let pool: PostgresPool
    let publisher: Publisher
    /// `operator:<name>`
    let actor: String

    /// The reason for refusing an action.
    enum Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        case unknown(ID)
        case closed(ID, DeadStatus)
        /// An edited message has replaced it, so it never runs again.
        case replaced(ID, by: ID)
        /// It has taken effect: an edited one would do so again.
        case applied(ID)
        /// It is older than the inbox, so it may have taken effect.
        case forgotten(ID)
        /// The edited payload does not fit its type.
        case invalid(String)
        /// The broker did not confirm the message; nothing has changed.
        case notPublished(PublishFailure)

        var description: String {
            switch self {
            case .unknown(let id): "no dead letter \(id)"
            case .closed(let id, .replayed): "\(id) was replayed before and has not come back"
            case .closed(let id, .discarded): "\(id) is discarded, and its message counts as handled; edited (`--edit`), it runs under a new id"
            case .closed(let id, let status): "\(id) is \(status.rawValue)"
            case .replaced(let id, let message): "\(id) was edited: message \(message) took its place"
            case .applied(let id): "\(id) has taken effect already: an edited message would do so once more"
            case .forgotten(let id): "\(id) is \(Retention.forgotten)"
            case .invalid(let reason): reason
            case .notPublished(let failure): "the broker did not take the message: \(failure)"
            }
        }
    }

    private static let lock = Statement(
        """
        select \(DeadLetterDetail.columns)
        from dead_letters d where id = $1 or message_id = $1 order by id = $1 desc, last_failed_at desc limit 1 for update
        """)
    static let close: Statement = "update dead_letters set status = $2, replaced_by = $3 where id = $1"

    private func locked(_ id: ID, from statuses: Set<DeadStatus>, in transaction: Transaction) async throws -> DeadLetterDetail {
        try await transaction.actAsRecorder()
        guard let row = try await transaction.query(Self.lock, id).first else { throw Refusal.unknown(id) }
        let detail = try DeadLetterDetail(row, of: self.application)
        if let message = detail.letter.replacedBy { throw Refusal.replaced(detail.letter.id, by: message) }
        guard statuses.contains(detail.letter.status) else { throw Refusal.closed(detail.letter.id, detail.letter.status) }
        return detail
    }

    /// Sends a message to its queue again, with its own id and as its first attempt. Not a discarded one, which counts as handled.
    ///
    /// The dead letter stays locked until the broker has confirmed the message: so the recorder, which may receive it again at once, finds it
    /// replayed. If this process dies in between, the dead letter stays open; when its message is sent again, its id identifies the duplicate.
    /// - Parameter force: also if it is older than the inbox; it then counts as sent now.
    /// - Returns: the dead letter before the action.
    /// - Throws: `Refusal`, `PostgresError`.
    @discardableResult
    func replay(_ id: ID, force: Bool = false) async throws -> DeadLetter {
        try await self.pool.transaction { transaction in
            let detail = try await self.locked(id, from: [.open], in: transaction)
            if detail.isForgotten, !force { throw Refusal.forgotten(detail.letter.id) }
            let letter = detail.letter
            var message = detail.message
            // Workers refuse messages older than their inbox.
            if detail.isForgotten { message.sendAnew(at: Clock.milliseconds()) }
            if let failure = await self.publisher.publish([message.outgoing])[0] { throw Refusal.notPublished(failure) }
            transaction.enqueue(Self.close, letter.id, DeadStatus.replayed, ID?.none)
            transaction.note("replay", of: letter.id.description, by: self.actor)
            return letter
        }
    }

    /// Closes a dead letter for good and publishes an edited message instead: of the same type, with a new id, and the original as
    /// its cause.
    ///
    /// The closing is committed together with the new message, before that is published: so neither the original can run beside it, nor a copy
    /// of it in a queue, nor a client's repetition with the same idempotency key. If this process dies before publishing, the recorder
    /// publishes it.
    /// - Parameter force: as above.
    /// - Returns: the dead letter before the action, and the id of the replacing message.
    /// - Throws: `Refusal`, `PostgresError`.
    @discardableResult
    func replay(_ id: ID, editedTo payload: [UInt8], force: Bool = false) async throws -> (letter: DeadLetter, messageID: ID) {
        let now = Clock.milliseconds()
        let (letter, replacement) = try await self.pool.transaction { transaction in
            var closed = ClosedMessages()
            let found = try await self.locked(id, from: [.open, .discarded], in: transaction)
            closed.add(
                found.letter.messageID, correlationID: found.letter.correlationID, sentAt: found.sentAt, queue: found.letter.queue,
                type: found.letter.type, fingerprint: found.headers["fingerprint"]?.string)
            closed.lock(in: transaction)
            // From here on no worker is handling it.
            let detail = try await self.locked(found.letter.id, from: [.open, .discarded], in: transaction)
            guard !detail.isApplied else { throw Refusal.applied(detail.letter.id) }
            if detail.isForgotten, !force { throw Refusal.forgotten(detail.letter.id) }
            let edit = try Edit(of: detail, payload: payload, by: self.application)
            let replacement = Replacement(of: detail, edit, actor: self.actor, now: now)
            closed.write(in: transaction)
            transaction.enqueue(Self.close, detail.letter.id, DeadStatus.replayed, replacement.messageID)
            transaction.enqueue(try replacement.insert)
            transaction.note(
                "edit", of: detail.letter.id.description, by: self.actor, messageID: replacement.messageID,
                diff: JSONText(try JSON.encode(edit.patch)))
            return (detail.letter, replacement)
        }
        if await self.publisher.publish([replacement.message.outgoing]) == [nil] {
            try await self.pool.transaction { transaction in
                try await transaction.actAsRecorder()
                transaction.enqueue(Replacement.markPublished, [replacement.messageID])
            }
        }
        return (letter, replacement.messageID)
    }

    private static let lockOpen: Statement = """
        select message_id, correlation_id, sent_at, queue, type, headers ->> 'fingerprint' from dead_letters where id = any($1) and status = 'open'
        order by id for update
        """
    private static let discardOpen: Statement = """
        with closed as (
            update dead_letters set status = 'discarded' where id = any($1) and status = 'open' returning id
        ), noted as (
            insert into audit_log (actor, act, subject, reason) select $2, 'discard', id::text, $3 from closed
        )
        select id from closed
        """

    /// Closes open dead letters: they, and copies of their messages, are never handled.
    /// - Returns: the ones that were open.
    @discardableResult
    func discard(_ ids: [ID], reason: String) async throws -> [ID] {
        try await Self.discard(ids, reason: reason, actor: self.actor, in: self.pool)
    }

    /// As ``discard(_:reason:)``, for callers without a publisher.
    /// - Returns: the ones that were open.
    @discardableResult
    static func discard(_ ids: [ID], reason: String, actor: String, in pool: PostgresPool) async throws -> [ID] {
        try await pool.transaction { transaction in
            try await transaction.actAsRecorder()
            var closed = ClosedMessages()
            for row in try await transaction.query(self.lockOpen, ids) {
                closed.add(
                    try row[0], correlationID: try row[1], sentAt: try row[2], queue: try row[3], type: try row[4], fingerprint: try row[5])
            }
            closed.lock(in: transaction)
            closed.write(in: transaction)
            return try await transaction.query(self.discardOpen, ids, actor, reason.withoutNUL).decode(ID.self)
        }
    }
}

extension Transaction {
    /// `set local role`, in a database whose tables that role has.
    private static let setRole: Statement = """
        select set_config('role', rolname, true) from pg_roles where rolname = 'conveyor_recorder' and has_table_privilege(oid, 'audit_log', 'insert')
        """

    /// Runs the rest of the transaction with the role `conveyor_recorder`, if the database grants it the tables: an action needs no more rights, whatever
    /// role `DATABASE_URL` names.
    func actAsRecorder() async throws(PostgresError) {
        // Sent separately: in a transaction of deferred writes only, which has no BEGIN, it would have no effect.
        try await self.query(Self.setRole)
    }
}
