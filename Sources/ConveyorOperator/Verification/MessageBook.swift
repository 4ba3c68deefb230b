public import Conveyor
import FoundationEssentials
import Postgres

/// Accepted messages, each with its whole chain: finished, rejected, dead or queued; otherwise a part is lost.
public struct MessageBook: Sendable, Encodable {
    /// Commands, webhooks and timers.
    public private(set) var accepted = 0
    /// The whole chain is handled.
    public private(set) var finished = 0
    /// The whole chain is handled, and the operation was rejected.
    public private(set) var rejected = 0
    /// The chain contains a dead letter without effect: open, or discarded.
    public private(set) var dead = 0
    /// Those whose dead letters are all discarded.
    public private(set) var discarded = 0
    /// A part of the chain is in a queue, with a worker, or in a retry queue.
    public private(set) var queued = 0
    /// `accepted` minus the others: messages that cannot be found.
    public private(set) var balance = 0
    /// Some of them, if they are known by id.
    private(set) var lost: [Missing] = []

    /// A message without a known end in the database: it must be in the broker.
    struct Missing: Sendable, Hashable, Encodable {
        var messageID: ID
        var queue: String
        var correlationID: ID

        enum CodingKeys: String, CodingKey {
            case messageID = "message_id"
            case queue
            case correlationID = "correlation_id"
        }
    }

    /// The missing messages of queues that contain fewer than are missing; empty if there are none.
    private(set) var suspects: [Missing] = []
    /// Accepted messages with a missing part.
    private var unfinished = 0
    /// Handled messages that caused others, and whose own rows are gone.
    private var orphans = 0
    /// The number of missing messages per queue.
    private var missing: [String: Int] = [:]

    enum CodingKeys: String, CodingKey { case accepted, finished, rejected, dead, discarded, queued, balance, lost }

    /// Compares the expected messages with those in the broker.
    private mutating func settle(_ depths: BrokerDepths) {
        // A message that waits for a retry is in a retry queue, not in its own.
        let excess = self.missing.reduce(0) { $0 + max(0, $1.value - (depths.queues[$1.key] ?? 0)) }
        let lost = max(0, excess - depths.ladder)
        // A message that only the broker knows is the first of its chain, or a copy that no worker has recognised yet.
        let unseen = self.unseen(depths, lost: lost)
        self.queued = max(0, self.unfinished - lost) + unseen
        self.balance = lost + self.orphans
        self.accepted = self.finished + self.rejected + self.dead + self.queued + self.balance
    }

    private func unseen(_ depths: BrokerDepths, lost: Int) -> Int {
        max(0, depths.total - (self.missing.values.reduce(0, +) - lost))
    }

    /// Whether messages of a queue seem to be lost.
    func loses(_ queue: String) -> Bool { self.suspects.contains { $0.queue == queue } }

    /// The queues whose messages seem to be lost.
    var lostFrom: Set<String> { Set(self.suspects.map(\.queue)) }

    /// The facts about messages on their way to a queue.
    public func transit(to queue: String) -> Transit {
        self.loses(queue) ? .lost : (self.missing[queue] ?? 0) > 0 ? .queued : .nothing
    }

    /// The number of counted messages that workers may already have finished.
    func unseenInHand(_ depths: BrokerDepths) -> Int { min(depths.inHand, self.unseen(depths, lost: 0)) }

    /// Compares again, later.
    /// - Parameter suspects: those of ``suspects`` that are still missing.
    mutating func settle(_ depths: BrokerDepths, suspects: [Missing]) {
        for queue in Set(self.suspects.map(\.queue)) { self.missing[queue] = 0 }
        for suspect in suspects { self.missing[suspect.queue, default: 0] += 1 }
        self.unfinished = min(self.unfinished, self.missing.values.reduce(0, +))
        self.settle(depths)
        self.suspects = self.balance == self.orphans ? [] : suspects
        self.lost = Array(self.suspects.prefix(20))
    }
}

// MARK: Reading

extension MessageBook {
    /// Messages without a known end. `$1`, `$2`: the types of each queue by the topology; `wanted_events` adds types from a moment after they were first
    /// wanted. `$3`: messages handled before are left out.
    ///
    /// A handled message's row lists its emitted messages, whose ids are derived from its own (version 5, see `Envelope.emitted`). A failed attempt,
    /// a replay and an edit each name a message that must continue. A message ends with its row in the inbox, or a dead letter that is not replayed.
    private static let unfinished = """
        bound as (
            select type, queue, '-infinity'::timestamptz as since from unnest($1::text[], $2::text[]) b(type, queue)
            union all
            select w.type, w.queue, w.since + interval '5 seconds' from wanted_events w
            where not exists (select from unnest($1::text[], $2::text[]) b(type, queue) where b.type = w.type and b.queue = w.queue)
        ),
        due as (
            select uuid_generate_v5(i.message_id, (e.ordinality - 1)::text) as message_id, b.queue, i.correlation_id
            from inbox i cross join json_array_elements(i.emitted) with ordinality e join bound b on b.type = e.value ->> 'type'
            where i.handled_at >= $3 and i.handled_at >= b.since
            union
            select a.message_id, a.queue, a.correlation_id from attempts a
            where a.at >= $3 and not exists (select from dead_letters d where d.message_id = a.message_id and d.queue = a.queue)
            union
            select message_id, queue, coalesce(correlation_id, message_id) from dead_letters
            where status = 'replayed' and replaced_by is null and coalesce(sent_at, recorded_at) >= $3
            union
            select r.message_id, d.queue, coalesce(d.correlation_id, d.message_id) from replacements r join dead_letters d on d.id = r.dead_letter_id
            where r.at >= $3
        ),
        missing as (
            select due.* from due
            where not exists (select from inbox i where i.message_id = due.message_id and i.consumer = due.queue)
                and not exists (select from dead_letters d where d.message_id = due.message_id and d.queue = due.queue
                    and (d.status <> 'replayed' or d.replaced_by is not null))
        )
        """

    private static let count = Statement(
        """
        with \(unfinished),
        dead as (
            select coalesce(correlation_id, message_id) as correlation_id, bool_and(status = 'discarded') as is_discarded from dead_letters d
            where status <> 'replayed'
                and not exists (select from inbox i where i.message_id = d.message_id and i.consumer = d.queue and i.attempt > 0)
            group by 1
        ),
        chain as (
            select correlation_id, bool_or(is_rejected) as is_rejected, bool_or(is_missing) as is_missing, bool_or(is_dead) as is_dead,
                   bool_or(is_discarded) as is_discarded
            from (
                select correlation_id, decides and outcome = 'rejected' as is_rejected, false as is_missing, false as is_dead, false as is_discarded
                from inbox where handled_at >= $3
                union all select correlation_id, false, true, false, false from missing
                union all select correlation_id, false, false, true, is_discarded from dead
            ) part group by correlation_id
        )
        select count(*) filter (where is_dead), count(*) filter (where is_dead and is_discarded), count(*) filter (where not is_dead and is_missing),
               count(*) filter (where not is_dead and not is_missing and is_rejected),
               count(*) filter (where not is_dead and not is_missing and not is_rejected),
               (select count(distinct i.causation_id) from inbox i where i.sent_at >= $3
                    and i.causation_id is not null and not exists (select from inbox c where c.message_id = i.causation_id)
                    and not exists (select from missing m where m.message_id = i.causation_id)
                    and not exists (select from dead_letters d where d.message_id = i.causation_id)),
               (select json_object_agg(queue, count) from (select queue, count(*) from missing group by queue) m)
        from chain
        """)

    private static let list = Statement("with \(unfinished) select message_id, queue, correlation_id from missing where queue = any($4)")

    /// Reads it in a snapshot taken after `depths`: a message that moves in between is counted by the database, so it is not missed by both.
    static func read(
        since: Date?, _ depths: BrokerDepths, of application: OperatorApplication, in transaction: Transaction
    ) async throws -> MessageBook {
        let kept = try await self.kept(in: transaction)
        let since = since.map { max($0, kept) } ?? kept
        let bindings = application.queuesByType.flatMap { type, queues in queues.map { (type: type, queue: $0) } }
        transaction.enqueue("set local work_mem = '128MB'")
        let row = try await transaction.query(self.count, bindings.map(\.type), bindings.map(\.queue), since, timeout: .seconds(600))[0]
        var book = MessageBook()
        (book.dead, book.discarded, book.unfinished, book.rejected, book.finished, book.orphans) = try row.decode((Int, Int, Int, Int, Int, Int).self)
        if let counts = try row[6, as: JSONText?.self] { book.missing = try JSON.decode(from: counts.bytes) }
        book.settle(depths)
        if book.balance > book.orphans {
            let queues = book.missing.filter { $0.value > depths.queues[$0.key] ?? 0 }.map(\.key)
            let rows = try await transaction.query(
                self.list, bindings.map(\.type), bindings.map(\.queue), since, queues, timeout: .seconds(600))
            book.suspects = try rows.map { Missing(messageID: try $0[0], queue: try $0[1], correlationID: try $0[2]) }
            book.lost = Array(book.suspects.prefix(20))
        }
        return book
    }

    private static let keptSince: Statement = "select inbox_kept_since()"

    /// Since when the inbox is complete: for ever, or, after weeks were dropped, since a day after the oldest remaining one, as a chain may have
    /// begun in the previous week.
    private static func kept(in transaction: Transaction) async throws -> Date {
        let week = try await transaction.query(self.keptSince)[0][0, as: Date?.self]
        return week.map { $0.addingTimeInterval(86_400) } ?? Date(timeIntervalSince1970: 0)
    }

    private static let stillMissing: Statement = """
        select m.message_id, m.queue, m.correlation_id from unnest($1::uuid[], $2::text[], $3::uuid[]) m(message_id, queue, correlation_id)
        where not exists (select from inbox i where i.message_id = m.message_id and i.consumer = m.queue)
            and not exists (select from dead_letters d where d.message_id = m.message_id and d.queue = m.queue
                and (d.status <> 'replayed' or d.replaced_by is not null))
        """

    /// The ones of these that have not appeared.
    static func stillMissing(_ suspects: [Missing], in pool: PostgresPool) async throws -> [Missing] {
        try await pool.query(self.stillMissing, suspects.map(\.messageID), suspects.map(\.queue), suspects.map(\.correlationID)).map {
            Missing(messageID: try $0[0], queue: try $0[1], correlationID: try $0[2])
        }
    }
}
