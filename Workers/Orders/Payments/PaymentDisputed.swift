import Conveyor
import Postgres
import Shop

/// A customer disputes a charge, or that dispute moved. The order is flagged unless every dispute ended in the shop's favour, as payments-worker's
/// table has it: events may come in any order.
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
