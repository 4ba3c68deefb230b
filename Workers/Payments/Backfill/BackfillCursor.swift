import Conveyor
import FoundationEssentials
import Postgres

/// Where the backfill goes on: all events up to there have been fetched.
struct BackfillCursor: Sendable {
    /// Of the event, or where there is none the time from which on events are wanted.
    var createdAt: Date
    var eventID: String?

    private static let read: Statement = "select created_at, event_id from stripe_cursor"
    // Of a system that has lost its cursor, the payments that Stripe still has events of; a new one has missed nothing.
    private static let begin: Statement = """
        select coalesce(min(created_at), now()) - interval '5 minutes' from payments where created_at > now() - interval '29 days'
        """
    private static let save: Statement = """
        insert into stripe_cursor (created_at, event_id) values ($1, $2)
        on conflict (only_row) do update set created_at = excluded.created_at, event_id = excluded.event_id
        """

    static func read(in transaction: Transaction) async throws -> BackfillCursor {
        if let (createdAt, eventID) = try await transaction.query(Self.read).decode((Date, String?).self).first {
            return BackfillCursor(createdAt: createdAt, eventID: eventID)
        }
        return BackfillCursor(createdAt: try await transaction.query(Self.begin).decode(Date.self).first ?? Date(), eventID: nil)
    }

    func save(in transaction: Transaction) { transaction.enqueue(Self.save, self.createdAt, self.eventID) }
}
