public import Postgres

/// Handles one message type, one message at a time: the short form of ``Handler``.
///
///     struct MakeThumbnailHandler: MessageHandler {
///         func handle(_ message: Received<MakeThumbnail, Void>, in transaction: Transaction) async throws -> Reply {
///             transaction.enqueue("insert into thumbnails (picture) values ($1)", message.payload.picture)
///             return .done()
///         }
///     }
///
/// Messages that arrive together still share one transaction: statements from `enqueue` travel in one round trip, and one commit serves all of them.
/// If one message fails, each is handled again alone.
public protocol MessageHandler<Input>: Handler where Prepared == Void {
    /// The payload type; declared again so that Swift infers it from `handle` below.
    associatedtype Input

    /// Writes the effects of one message.
    /// - Throws: `Problem` to reject it, `Transient`, `Poison`, `Misconfigured`; any other error is a bug and makes a dead letter.
    func handle(_ message: Received<Input, Void>, in transaction: Transaction) async throws -> Reply
}

extension MessageHandler {
    /// One message after the other.
    public func handle(_ batch: [Received<Input, Void>], in transaction: Transaction) async throws -> [Reply] {
        var replies: [Reply] = []
        replies.reserveCapacity(batch.count)
        for message in batch { replies.append(try await self.handle(message, in: transaction)) }
        return replies
    }
}

/// A handler as a closure: see ``WorkerPart/on(_:policy:_:)``.
struct ClosureHandler<Input: Message>: MessageHandler {
    let policy: Policy
    let body: @Sendable (Received<Input, Void>, Transaction) async throws -> Reply

    func handle(_ message: Received<Input, Void>, in transaction: Transaction) async throws -> Reply { try await self.body(message, transaction) }
}
