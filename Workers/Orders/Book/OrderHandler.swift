import Conveyor
import Postgres
import Shop

/// A message about one order.
protocol AboutOrder: Message {
    /// The order.
    var orderID: ID { get }
}

/// A handler whose messages are each about one order that exists: it says what one of them does to the order, the rest is done for the whole batch.
protocol OrderHandler<Input>: Handler where Input: AboutOrder, Prepared == Void {
    /// As in `Handler`; here again, so that it is inferred from ``apply(_:to:_:)``.
    associatedtype Input
    /// What ``apply(_:to:_:)`` needs beside the orders' own rows.
    associatedtype Facts: Sendable = Void

    /// Reads what ``apply(_:to:_:)`` needs, in one query for the whole batch, after the orders were locked.
    func facts(for batch: [Received<Input, Void>], _ book: OrderBook, in transaction: Transaction) async throws -> Facts

    /// What a message does to its order.
    func apply(_ message: Received<Input, Void>, to order: inout OrderRecord, _ facts: Facts) throws -> Applied
}

/// What a message did to an order: its line in the timeline, if it has one, and how it is answered.
struct Applied: Sendable {
    let entry: Timeline.Entry?
    let reply: Reply

    /// The timeline records it.
    static func recorded(_ entry: Timeline.Entry, _ reply: Reply) -> Applied { Applied(entry: entry, reply: reply) }

    /// It came late, twice or out of order: told in the timeline, without effect on the order.
    static func ignored(_ type: String, _ reply: Reply = .done()) throws -> Applied {
        Applied(entry: try Timeline.Entry(type, .init(ignored: true)), reply: reply)
    }

    /// A command that is not allowed now: its operation is rejected, and the timeline does not change.
    static func refused(_ code: Problem.Code, _ detail: String) -> Applied { Applied(entry: nil, reply: .rejected(Problem(code, detail))) }

    /// There is no such order, or none that who asks may know of.
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
            // An event is only ever of an order that was committed: without it, someone must look.
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
