import Conveyor
import ConveyorOperator
import Postgres
import Shop

/// Deliveries to partners by their state, and events that an endpoint wanted and that have no delivery.
struct DeliveryBook: Book {
    static let name = "deliveries"
    static let title = "Deliveries to partners"

    /// An answer of 2xx.
    var delivered = 0
    /// Their time was over without a success.
    var failed = 0
    /// They wait for their first or next attempt.
    var pending = 0
    /// Missing deliveries.
    var balance = 0

    var figures: [(name: String, number: Int)] { [("delivered", self.delivered), ("failed", self.failed), ("pending", self.pending)] }

    private static let states: Statement = """
        select count(*) filter (where status = 'delivered'), count(*) filter (where status = 'failed'), count(*) filter (where status = 'pending')
        from webhook_deliveries
        """
    /// Only events after the endpoint's last change, since its earlier patterns are not stored, and at most 30 days, the time for which ended deliveries
    /// are kept.
    private static let missing: Statement = """
        select count(*) from webhook_endpoints e join inbox i on i.consumer = 'webhooks'
            and i.handled_at > greatest(e.updated_at + interval '10 seconds', now() - interval '29 days')
        where e.is_active and i.type = any($1) and e.events && array['*', i.type, split_part(i.type, '.', 1) || '.*']
            and not exists (select from webhook_deliveries d where d.endpoint_id = e.id and d.event_id = i.message_id)
        """

    static func read(beside messages: MessageBook, in transaction: Transaction) async throws -> DeliveryBook {
        let rows = try await transaction.pipeline([Call(self.states), Call(self.missing, PublicEvents.types(of: ["*"]))])
        let (delivered, failed, pending) = try rows[0][0].decode((Int, Int, Int).self)
        return DeliveryBook(delivered: delivered, failed: failed, pending: pending, balance: try rows[1][0][0])
    }
}
