import Conveyor
import FoundationEssentials
import Postgres

/// The position of the backfill: all events up to it have been fetched.
struct BackfillCursor: Sendable {
    /// The event's time; without an event, the time from which to fetch.
    var createdAt: Date
    var eventID: String?

    private static let read: Statement = "select created_at, event_id from stripe_cursor"
    // If the cursor was lost, begins as early as Stripe keeps events for known payments; a new system has missed nothing.
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
