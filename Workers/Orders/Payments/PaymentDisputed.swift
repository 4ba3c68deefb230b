import Conveyor
import Postgres
import Shop

/// Records a dispute. The order stays flagged unless all its disputes ended in the shop's favour, by payments-worker's table: the events may come
/// in any order.
struct PaymentDisputedHandler: OrderHandler {
    private static let readOpen: Statement = """
        select distinct order_id from disputes where order_id = any($1) and status <> all($2)
        """
    private static let settledWell = DisputeStatus.allCases.filter(\.isSettledWell).map(\.rawValue)

    func facts(for batch: [Received<PaymentDisputed, Void>], _ book: OrderBook, in transaction: Transaction) async throws -> Set<ID> {
        Set(try await transaction.query(Self.readOpen, Array(Set(batch.map(\.payload.orderID))), Self.settledWell).decode(ID.self))
    }

    func apply(_ message: Received<PaymentDisputed, Void>, to order: inout OrderRecord, _ disputed: Set<ID>) throws -> Applied {
        let event = message.payload
        order.isDisputed = disputed.contains(order.id)
        return .recorded(
            try .init(
                PaymentDisputed.type,
                .init(amount: event.amount, currency: event.currency, disputeID: event.disputeID, disputeStatus: event.status.rawValue)),
            .done(changes: [.order(order.id)]))
    }
}
