import Conveyor
import Postgres
import Shop

/// The trace's rows of calls to Stripe.
enum Calls {
    private static let insert: Statement = """
        insert into calls (message_id, correlation_id, at, took_us, kind, name, outcome) values ($1, $2, $3, $4, 'stripe', $5, $6)
        """

    /// Written at the transaction's commit.
    static func record(_ calls: [StripeClient.Call], of envelope: Envelope, in transaction: Transaction) {
        for call in calls {
            transaction.enqueue(
                self.insert, envelope.messageID, envelope.correlationID, call.at, Int32(clamping: call.microseconds), call.name, call.outcome)
        }
    }
}
