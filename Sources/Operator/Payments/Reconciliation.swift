import FoundationEssentials
import Kit
import Postgres
import RabbitMQ
import Shop

/// Has payments compared with Stripe by messages, and gathers the answers.
struct Reconciliation: Sendable {
    let pool: PostgresPool
    let publisher: Publisher
    let actor: String

    /// A field that Stripe had otherwise, as payments-worker tells it.
    struct Difference: Codable, Sendable {
        var orderID: ID
        /// Stripe's id of the PaymentIntent, refund or dispute.
        var id: String
        var field: String
        /// Null if it was not known.
        var here: String?
        var stripe: String

        enum CodingKeys: String, CodingKey {
            case orderID = "order_id"
            case id, field, here, stripe
        }
    }

    struct Outcome: Sendable {
        var orders = 0
        var differences: [Difference] = []
        var unanswered: [ID] = []
    }

    private struct Result: Decodable {
        struct Difference: Decodable {
            var id: String
            var field: String
            var here: String?
            var stripe: String
        }
        var differences: [Difference]
    }

    /// So many are asked for at a time: Stripe takes about a hundred calls a second.
    private static let batchSize = 50
    /// Without any answer for so long, the rest is given up: their messages stay in the queue and are handled later.
    private static let patience = Duration.seconds(30)

    private static let find: Statement = """
        select distinct p.order_id from payments p
        where p.status not in ('succeeded', 'canceled') or greatest(p.created_at, p.updated_at) >= $1
           or exists (select from refunds r where r.payment_intent_id = p.payment_intent_id
                      and (r.status in ('held', 'pending', 'requires_action') or r.updated_at >= $1))
        order by 1
        """
    private static let answers: Statement = "select message_id, result::text from inbox where consumer = 'payments' and message_id = any($1)"

    /// Compares all that are open, and those that were made or have changed since then.
    func run(since: Date) async throws -> Outcome {
        let orders = try await self.pool.query(Self.find, since).decode(ID.self)
        var outcome = Outcome(orders: orders.count)
        for start in stride(from: 0, to: orders.count, by: Self.batchSize) {
            let batch = orders[start..<min(start + Self.batchSize, orders.count)]
            guard try await self.ask(Array(batch), &outcome) else {
                outcome.unanswered += orders[(start + batch.count)...]
                break
            }
        }
        return outcome
    }

    /// - Returns: whether all were answered.
    private func ask(_ orders: [ID], _ outcome: inout Outcome) async throws -> Bool {
        let now = Clock.milliseconds()
        var open: [ID: ID] = [:]
        var messages: [Outgoing] = []
        for order in orders {
            let envelope = Envelope(
                messageID: .v7(milliseconds: UInt64(now)), type: ReconcilePayment.type, actor: self.actor, sentAt: now)
            open[envelope.messageID] = order
            messages.append(try Outgoing(ReconcilePayment(orderID: order), envelope: envelope, appID: "conveyor"))
        }
        if let failure = await self.publisher.publish(messages).lazy.compactMap({ $0 }).first { throw Unavailable("broker: \(failure)") }
        var deadline = ContinuousClock.now + Self.patience
        while !open.isEmpty, ContinuousClock.now < deadline {
            for (id, result) in try await self.pool.query(Self.answers, Array(open.keys)).decode((ID, String?).self) {
                guard let order = open.removeValue(forKey: id) else { continue }
                deadline = ContinuousClock.now + Self.patience
                let found = try result.map { try JSON.decode(Result.self, from: Array($0.utf8)).differences } ?? []
                outcome.differences += found.map { Difference(orderID: order, id: $0.id, field: $0.field, here: $0.here, stripe: $0.stripe) }
            }
            if !open.isEmpty { try await Task.sleep(for: .milliseconds(50)) }
        }
        outcome.unanswered += open.values
        return open.isEmpty
    }
}
