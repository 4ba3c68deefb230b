public import Postgres

/// Handles one message type, a batch at a time.
///
/// The one rule of the machinery: **commit, then publish, then acknowledge.** What a handler writes, the inbox rows of the messages and what is to be
/// emitted are one transaction. After the commit the emitted messages are published and confirmed, then the messages are acknowledged. A message that
/// comes again after the commit finds its inbox row: it only publishes what is stored there once more.
///
/// If a batch fails, each of its messages is handled again alone, so that one bad message harms no other; a handler need not care.
public protocol Handler<Input>: Sendable {
    /// The payload it handles; its `type` names the messages.
    associatedtype Input: Message
    /// What `prepare` brings for `handle`.
    associatedtype Prepared: Sendable = Void

    /// How its messages are tried.
    var policy: Policy { get }

    /// Talks to the world outside (Stripe, SMTP) for one message, before the transaction; the messages of a batch are prepared side by side.
    /// It may run again for the same message after a crash, so what it asks for must be idempotent by the message's id.
    /// - Throws: `Problem` to reject the message, `Transient`, `Poison`, `Misconfigured`; anything else is a bug and a dead letter.
    func prepare(_ message: Input, _ envelope: Envelope) async throws -> Prepared

    /// Writes the effects of a batch: never empty, each message once, none of them handled before.
    /// - Parameter transaction: write with set-based statements over arrays; `enqueue` what needs no answer, it travels with the commit.
    /// - Returns: one reply a message, in the order of the batch.
    /// - Throws: as `prepare`; thrown for a batch of many, they are handled again one by one.
    func handle(_ batch: [Received<Input, Prepared>], in transaction: Transaction) async throws -> [Reply]
}

/// A message on its way through a handler.
public struct Received<Input: Message, Prepared: Sendable>: Sendable {
    /// The payload.
    public let payload: Input
    /// Its ids, actor and attempt.
    public let envelope: Envelope
    /// What `prepare` brought.
    public let prepared: Prepared

    /// A message on its way through a handler.
    public init(payload: Input, envelope: Envelope, prepared: Prepared) {
        self.payload = payload
        self.envelope = envelope
        self.prepared = prepared
    }
}

/// How a handler's messages are tried.
public struct Policy: Sendable {
    /// Messages a batch at most.
    public var largestBatch: Int
    /// What one call of `prepare` or `handle` may take before it is cancelled and counts as failed.
    public var timeLimit: Duration
    /// Attempts before a transient failure becomes a dead letter; nil: the ladder's length and one.
    public var attempts: Int?

    /// How a handler's messages are tried.
    public init(largestBatch: Int = 256, timeLimit: Duration = .seconds(30), attempts: Int? = nil) {
        self.largestBatch = largestBatch
        self.timeLimit = timeLimit
        self.attempts = attempts
    }
}

extension Handler {
    /// Batches of up to 256, 30 s, the whole ladder.
    public var policy: Policy { Policy() }
}

extension Handler where Prepared == Void {
    /// Nothing outside to talk to.
    public func prepare(_ message: Input, _ envelope: Envelope) async throws {}
}
