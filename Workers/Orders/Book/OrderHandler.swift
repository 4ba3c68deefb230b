import Conveyor
import Postgres
import Shop

/// A message about one order.
protocol AboutOrder: Message {
    /// The order.
    var orderID: ID { get }
}

/// A handler for messages about one existing order each: it implements the effect of one message, and the batch is handled here.
protocol OrderHandler<Input>: Handler where Input: AboutOrder, Prepared == Void {
    /// As in `Handler`; repeated so that Swift infers it from ``apply(_:to:_:)``.
    associatedtype Input
    /// The data that ``apply(_:to:_:)`` needs beside the orders' rows.
    associatedtype Facts: Sendable = Void

    /// Reads that data in one query for the whole batch, after the orders were locked.
    func facts(for batch: [Received<Input, Void>], _ book: OrderBook, in transaction: Transaction) async throws -> Facts

    /// Applies a message to its order.
    func apply(_ message: Received<Input, Void>, to order: inout OrderRecord, _ facts: Facts) throws -> Applied
}

/// The effect of a message: an entry in the timeline, if any, and the reply.
struct Applied: Sendable {
    let entry: Timeline.Entry?
    let reply: Reply

    /// The timeline records it.
    static func recorded(_ entry: Timeline.Entry, _ reply: Reply) -> Applied { Applied(entry: entry, reply: reply) }

    /// It came late, repeated or out of order: recorded in the timeline, without effect on the order.
    static func ignored(_ type: String, _ reply: Reply = .done()) throws -> Applied {
        Applied(entry: try Timeline.Entry(type, .init(ignored: true)), reply: reply)
    }

    /// A command that is not allowed now: its operation is rejected, and the timeline does not change.
    static func refused(_ code: Problem.Code, _ detail: String) -> Applied { Applied(entry: nil, reply: .rejected(Problem(code, detail))) }

    /// The order does not exist, or the actor must not know of it.
    static let unknown = refused(.notFound, "There is no such order.")
}

extension OrderHandler where Facts == Void {
    func facts(for batch: [Received<Input, Void>], _ book: OrderBook, in transaction: Transaction) async throws {}
}

extension OrderHandler {
    func handle(_ batch: [Received<Input, Void>], in transaction: Transaction) async throws -> [Reply] {
        try await self.applyAll(batch, in: transaction)
    }

    /// Applies each message to its order.
    func applyAll(_ batch: [Received<Input, Void>], in transaction: Transaction) async throws -> [Reply] {
        var book = try await OrderBook.open(batch.map(\.payload.orderID), in: transaction)
        let facts = try await self.facts(for: batch, book, in: transaction)
        let replies = try batch.map { message in
            let reply = try book.apply(message.envelope, to: message.payload.orderID) { try self.apply(message, to: &$0, facts) }
            if let reply { return reply }
            // Events concern committed orders only: if one is missing, a person must look.
            guard Input.self is any Command.Type else {
                throw Poison(.invalidPayload, "order_id is \(message.payload.orderID), must be of an order that exists")
            }
            return Applied.unknown.reply
        }
        try book.write(in: transaction)
        return replies
    }
}

extension StockReserved: AboutOrder {}
extension StockRefused: AboutOrder {}
extension CancelOrder: AboutOrder {}
extension ShipOrder: AboutOrder {}
extension CompleteOrder: AboutOrder {}
extension ExpireOrder: AboutOrder {}
extension PaymentIntentCreated: AboutOrder {}
extension PaymentProcessing: AboutOrder {}
extension PaymentSucceeded: AboutOrder {}
extension PaymentFailed: AboutOrder {}
extension PaymentCanceled: AboutOrder {}
extension PaymentRefunded: AboutOrder {}
extension PaymentRefundFailed: AboutOrder {}
extension PaymentDisputed: AboutOrder {}
