public import Postgres

/// Handles one message type, a message at a time: the short form of ``Handler``.
///
///     struct MakeThumbnailHandler: MessageHandler {
///         func handle(_ message: Received<MakeThumbnail, Void>, in transaction: Transaction) async throws -> Reply {
///             transaction.enqueue("insert into thumbnails (picture) values ($1)", message.payload.picture)
///             return .done()
///         }
///     }
///
/// Messages that come together still share one transaction: what `enqueue` leaves travels in one round trip, and one commit serves all of them. If one
/// fails, each is handled again alone.
public protocol MessageHandler<Input>: Handler where Prepared == Void {
    /// The payload it handles; declared again so that it follows from the `handle` below.
    associatedtype Input

    /// Writes the effects of one message.
    /// - Throws: `Problem` to reject it, `Transient`, `Poison`, `Misconfigured`; anything else is a bug and a dead letter.
    func handle(_ message: Received<Input, Void>, in transaction: Transaction) async throws -> Reply
}

extension MessageHandler {
    /// One after the other.
    public func handle(_ batch: [Received<Input, Void>], in transaction: Transaction) async throws -> [Reply] {
        var replies: [Reply] = []
        replies.reserveCapacity(batch.count)
        for message in batch { replies.append(try await self.handle(message, in: transaction)) }
        return replies
    }
}

/// A handler that is a closure: see ``WorkerPart/on(_:policy:_:)``.
struct ClosureHandler<Input: Message>: MessageHandler {
    let policy: Policy
    let body: @Sendable (Received<Input, Void>, Transaction) async throws -> Reply

    func handle(_ message: Received<Input, Void>, in transaction: Transaction) async throws -> Reply { try await self.body(message, transaction) }
}
