public import Postgres

/// Handles one message type in batches.
///
/// The central rule: **commit, then publish, then acknowledge.** One transaction contains the handler's writes, the inbox rows of the messages and
/// the messages to emit. After the commit the emitted messages are published and confirmed, then the handled ones are acknowledged. A message that
/// is redelivered after the commit finds its inbox row: the worker only publishes the stored messages again.
///
/// If a batch fails, each of its messages is handled again alone, so one bad message harms no other; handlers need not care.
public protocol Handler<Input>: Sendable {
    /// The payload type; its `type` selects the messages.
    associatedtype Input: Message
    /// The result of `prepare` for `handle`.
    associatedtype Prepared: Sendable = Void

    /// The limits and attempts of its messages.
    var policy: Policy { get }

    /// Calls external services (Stripe, SMTP) for one message before the transaction; the messages of a batch are prepared side by side.
    /// It may run again for the same message after a crash, so its calls must be idempotent by the message's id.
    /// - Throws: `Problem` to reject the message, `Transient`, `Poison`, `Misconfigured`; any other error is a bug and makes a dead letter.
    func prepare(_ message: Input, _ envelope: Envelope) async throws -> Prepared

    /// Writes the effects of a batch: never empty, each message once, none of them handled before.
    /// - Parameter transaction: write with set-based statements over arrays; `enqueue` statements without a result, which then travel with the
    ///   commit.
    /// - Returns: one reply per message, in the order of the batch.
    /// - Throws: as `prepare`; if a batch of several throws, they are handled again one by one.
    func handle(_ batch: [Received<Input, Prepared>], in transaction: Transaction) async throws -> [Reply]
}

/// A message with its envelope and its prepared value.
public struct Received<Input: Message, Prepared: Sendable>: Sendable {
    /// The payload.
    public let payload: Input
    /// Its ids, actor and attempt.
    public let envelope: Envelope
    /// The result of `prepare`.
    public let prepared: Prepared

    /// A message with its envelope and its prepared value.
    public init(payload: Input, envelope: Envelope, prepared: Prepared) {
        self.payload = payload
        self.envelope = envelope
        self.prepared = prepared
    }
}

/// The limits and attempts of a handler's messages.
public struct Policy: Sendable {
    /// The limit of messages per batch.
    public var largestBatch: Int
    /// The time limit of one call of `prepare` or `handle`; after it the call is cancelled and has failed.
    public var timeLimit: Duration
    /// Attempts before a transient failure becomes a dead letter; nil: one more than the retry schedule has delays.
    public var attempts: Int?

    /// The limits and attempts of a handler's messages.
    public init(largestBatch: Int = 256, timeLimit: Duration = .seconds(30), attempts: Int? = nil) {
        self.largestBatch = largestBatch
        self.timeLimit = timeLimit
        self.attempts = attempts
    }
}

extension Handler {
    /// Batches of up to 256, 30 s, the whole retry schedule.
    public var policy: Policy { Policy() }
}

extension Handler where Prepared == Void {
    /// No external service to call.
    public func prepare(_ message: Input, _ envelope: Envelope) async throws {}
}
