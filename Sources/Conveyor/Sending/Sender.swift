public import FoundationEssentials
public import Postgres
public import RabbitMQ

/// Sends messages that no handler emits: from a timer, a command line, a web server.
///
///     try await sender.send(MakeThumbnail(picture: "a.jpg"))                       // confirmed by the broker when it returns
///     try await sender.send(MakeThumbnail(picture: "b.jpg"), after: .seconds(600)) // kept in the database until it is due
///     sender.send(MakeThumbnail(picture: "c.jpg"), in: transaction)                // published once the transaction is committed, and only then
///
/// Messages that a handler emits in its ``Reply`` do not need it.
public struct Sender: Sendable {
    private let publisher: Publisher
    private let pool: PostgresPool
    private let appID: String

    /// A sender over these connections.
    /// - Parameter appID: the sender in AMQP's `app_id`.
    public init(publisher: Publisher, pool: PostgresPool, appID: String) {
        self.publisher = publisher
        self.pool = pool
        self.appID = appID
    }

    /// Publishes a message and returns when the broker has confirmed it.
    /// - Parameters:
    ///   - id: the message's id; sent again under the same id, it takes effect once. nil generates a new one.
    ///   - actor: the requester: a user's id, `operator:<name>` or `system`.
    /// - Returns: its id.
    /// - Throws: `PublishFailure`, after which it may be sent again under its id; or an error if the payload cannot be encoded.
    @discardableResult
    public func send(_ message: some Message, id: ID? = nil, actor: String = "system") async throws -> ID {
        let envelope = self.envelope(of: message, id: id, actor: actor)
        try await self.publisher.publishMeasured(try Outgoing(message, envelope: envelope, appID: self.appID))
        return envelope.messageID
    }

    /// Stores a message until it is due, then publishes it: once, however many processes there are, and at most a second late.
    /// - Parameters: as ``send(_:id:actor:)``; of two with the same id the first one counts.
    /// - Returns: its id.
    /// - Throws: `PostgresError`, or an error if the payload cannot be encoded.
    @discardableResult
    public func send(_ message: some Message, after delay: Duration, id: ID? = nil, actor: String = "system") async throws -> ID {
        try await self.send(message, at: Date(timeIntervalSinceNow: delay.seconds), id: id, actor: actor)
    }

    /// As ``send(_:after:id:actor:)``, at a time.
    @discardableResult
    public func send(_ message: some Message, at date: Date, id: ID? = nil, actor: String = "system") async throws -> ID {
        let envelope = self.envelope(of: message, id: id, actor: actor)
        let call = try DelayedMessages.keeping(message, envelope, until: date)
        try await self.pool.transaction { $0.enqueue(call) }
        return envelope.messageID
    }

    /// Publishes a message after a transaction is committed: within a second, or at a time.
    /// - Returns: its id.
    /// - Throws: an error if the payload cannot be encoded.
    @discardableResult
    public func send(
        _ message: some Message, in transaction: Transaction, at date: Date = Date(), id: ID? = nil, actor: String = "system"
    ) throws -> ID {
        let envelope = self.envelope(of: message, id: id, actor: actor)
        transaction.enqueue(try DelayedMessages.keeping(message, envelope, until: date))
        return envelope.messageID
    }

    private func envelope<Payload: Message>(of message: Payload, id: ID?, actor: String) -> Envelope {
        let now = Clock.milliseconds()
        return Envelope(
            messageID: id ?? .v7(milliseconds: UInt64(max(0, now))), type: Payload.type, actor: actor, schema: message.version, sentAt: now)
    }
}
