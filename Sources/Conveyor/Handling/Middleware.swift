public import Postgres
import Synchronization

/// Runs around every handler of a worker, for tasks that concern all message types.
///
///     struct SlowHandlers: Middleware {
///         let logger: Logger
///         func handle(
///             _ batch: MessageBatch, in transaction: Transaction, next: @Sendable () async throws -> [Reply]
///         ) async throws -> [Reply] {
///             let began = ContinuousClock.now
///             defer { logger.info("\(batch.type) took \(ContinuousClock.now - began)") }
///             return try await next()
///         }
///     }
///
/// The first middleware of a worker is the outermost. It may read messages, write in their transaction, reply instead of the handler, or throw the
/// handler's errors; it runs whenever the handler does, including repetitions.
public protocol Middleware: Sendable {
    /// Around ``Handler/prepare(_:_:)`` of one message, if the handler has one.
    func prepare(_ message: IncomingMessage, next: @Sendable () async throws -> Void) async throws
    /// Around ``Handler/handle(_:in:)`` of a batch.
    /// - Parameter next: the inner middleware, and finally the handler.
    /// - Returns: one reply per message, in the order of the batch.
    func handle(_ batch: MessageBatch, in transaction: Transaction, next: @Sendable () async throws -> [Reply]) async throws -> [Reply]
}

extension Middleware {
    /// Calls `next` only.
    public func prepare(_ message: IncomingMessage, next: @Sendable () async throws -> Void) async throws { try await next() }
    /// Calls `next` only.
    public func handle(_ batch: MessageBatch, in transaction: Transaction, next: @Sendable () async throws -> [Reply]) async throws -> [Reply] {
        try await next()
    }
}

/// A message as middleware sees it.
public struct IncomingMessage: Sendable {
    /// Its ids, actor and attempt.
    public let envelope: Envelope
    /// The payload.
    public let payload: any Message
}

/// The messages of one type in a batch.
public struct MessageBatch: Sendable {
    /// The type.
    public let type: String
    /// The messages; never empty.
    public let messages: [IncomingMessage]
}

extension AnyHandler {
    /// The handler with middleware around it.
    func within(_ middleware: any Middleware) -> AnyHandler {
        let (type, inner) = (self.type, self)
        return AnyHandler(
            type: type, exchange: self.exchange, policy: self.policy, prepares: self.prepares, decode: self.decode,
            prepare: { decoded in
                let prepared = Prepared()
                try await middleware.prepare(IncomingMessage(decoded)) { prepared.set(try await inner.prepare(decoded)) }
                guard let ready = prepared.value else { throw Poison(.bug, "\(type): a middleware did not call the handler's prepare") }
                return ready
            },
            handle: { ready, transaction in
                let batch = MessageBatch(type: type, messages: ready.map { IncomingMessage($0.decoded) })
                let replies = try await middleware.handle(batch, in: transaction) { try await inner.handle(ready, transaction) }
                guard replies.count == ready.count else {
                    throw Poison(.bug, "\(type): \(replies.count) replies of a middleware to \(ready.count) messages")
                }
                return replies
            })
    }
}

extension IncomingMessage {
    fileprivate init(_ decoded: Decoded) { self.init(envelope: decoded.envelope, payload: decoded.payload) }
}

/// The result of the innermost `prepare`.
private final class Prepared: Sendable {
    private let ready = Mutex<Ready?>(nil)
    var value: Ready? { self.ready.withLock { $0 } }
    func set(_ value: Ready) { self.ready.withLock { $0 = value } }
}
