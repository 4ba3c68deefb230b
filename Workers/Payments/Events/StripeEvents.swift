import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// The table of Stripe events: each takes effect once by its id; events for unknown intents wait.
enum StripeEvents {
    // If another transaction is handling the event, this waits for its end, and then knows.
    private static let claim: Statement = """
        insert into stripe_events (id, created_at, type, object_id, state, payload)
        select * from unnest($1, $2, $3, $4, $5, $6) m(id, created_at, type, object_id, state, payload) order by id
        on conflict (id) do update set state = excluded.state where stripe_events.state = 'waiting' returning id
        """
    private static let setWaiting: Statement = "update stripe_events set state = 'waiting' where id = any($1)"
    private static let waiting: Statement = """
        select object_id, id, type, extract(epoch from created_at)::int8, payload from stripe_events
        where state = 'waiting' and object_id = any($1) order by created_at, id
        """
    private static let giveUp: Statement = """
        update stripe_events set state = 'ignored' where state = 'waiting' and received_at < now() - interval '1 day'
        """
    private static let known: Statement = "select id from stripe_events where id = any($1)"

    /// Records these events.
    /// - Returns: the ids without an effect so far; no other worker can handle them until the transaction ends.
    static func claim(_ events: [(event: StripeEvent, subject: EventSubject)], in transaction: Transaction) async throws -> Set<String> {
        var rows: [String: (event: StripeEvent, subject: EventSubject)] = [:]
        for each in events { rows[each.event.eventID] = each }
        let all = Array(rows.values)
        return Set(
            try await transaction.query(
                self.claim, all.map(\.event.eventID), all.map { StripeTime.date($0.event.created) }, all.map(\.event.eventType),
                all.map(\.subject.paymentIntentID), all.map { $0.subject.hasEffect ? "applied" : "ignored" }, all.map { JSONText($0.event.body) }
            ).decode(String.self))
    }

    /// Their intent is not known yet. They are queued again when it is; after a day they are dropped as foreign.
    static func wait(_ ids: [String], in transaction: Transaction) {
        if !ids.isEmpty { transaction.enqueue(self.setWaiting, ids) }
    }

    /// The events that wait for these intents, which now have rows.
    static func waiting(for intents: [String], in transaction: Transaction) async throws -> [String: [StripeEvent]] {
        guard !intents.isEmpty else { return [:] }
        var events: [String: [StripeEvent]] = [:]
        let rows = try await transaction.query(self.waiting, intents)
        for (intent, id, type, created, body) in try rows.decode((String, String, String, Int64, String).self) {
            events[intent, default: []].append(StripeEvent(eventID: id, eventType: type, created: created, body: body))
        }
        return events
    }

    /// Drops events that have waited for a day: they belong to other users of the same Stripe account.
    static func giveUpWaiting(in pool: PostgresPool) async throws(PostgresError) { try await pool.query(self.giveUp) }

    /// The ids that exist.
    static func known(_ ids: [String], in transaction: Transaction) async throws(PostgresError) -> Set<String> {
        Set(try await transaction.query(self.known, ids).decode(String.self))
    }
}
