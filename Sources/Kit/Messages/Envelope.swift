public import RabbitMQ
public import Shop

/// What a message carries beside its payload: AMQP's basic properties and the headers of `topology/asyncapi.yaml`.
public struct Envelope: Sendable, Equatable {
    /// The message; the same at each delivery, retry and replay, so that it takes effect once.
    public var messageID: ID
    /// The routing key, e.g. `orders.place`.
    public var type: String
    /// The operation: the message id of the first command of the chain.
    public var correlationID: ID
    /// The message that led to this one; nil for the first of a chain.
    public var causationID: ID?
    /// The message that this one was edited from and stands in for; nil for all others.
    public var replaces: ID?
    /// A user's id, `anonymous`, `stripe`, `operator:<name>` or `system`.
    public var actor: String
    /// The version of the payload.
    public var schema: Int
    /// W3C trace context, carried on through the chain.
    public var traceparent: String?
    /// From 1; raised at each retry.
    public var attempt: Int
    /// Of the request that caused a command: another one under the same id is a reused idempotency key.
    public var fingerprint: String?
    /// The process that accepted it, by whose clock alone ``sentAt`` can be compared; nil if it does not say.
    public var sender: String?
    /// When it was first published, in milliseconds since 1970; kept through retries and replays.
    public var sentAt: Int64?
    /// What went wrong at the attempts before, if any did.
    public var failure: Failure?

    /// What a retried or dead message says of its failures.
    public struct Failure: Sendable, Equatable {
        /// From the closed list of `shapes`: e.g. `timed_out`.
        public var errorType: String
        /// For a person, without secrets.
        public var error: String
        /// Milliseconds since 1970.
        public var firstAt: Int64
        /// Milliseconds since 1970.
        public var lastAt: Int64

        /// What a retried or dead message says of its failures.
        public init(errorType: String, error: String, firstAt: Int64, lastAt: Int64) {
            self.errorType = errorType
            self.error = error
            self.firstAt = firstAt
            self.lastAt = lastAt
        }
    }

    /// The envelope of the first message of a chain.
    public init(messageID: ID, type: String, actor: String, schema: Int = 1, traceparent: String? = nil, fingerprint: String? = nil, sentAt: Int64) {
        self.messageID = messageID
        self.type = type
        self.correlationID = messageID
        self.causationID = nil
        self.replaces = nil
        self.actor = actor
        self.schema = schema
        self.traceparent = traceparent
        self.attempt = 1
        self.fingerprint = fingerprint
        self.sender = nil
        self.sentAt = sentAt
        self.failure = nil
    }

    /// Its own id, or that of the message that it was edited from: what a command makes has this id, which its client was told.
    public var originalID: ID { self.replaces ?? self.messageID }

    /// Nothing led to it: its own id is the operation's, or it stands in for such a one.
    public var isRoot: Bool { self.messageID == self.correlationID || self.replaces == self.correlationID }

    /// The envelope of the message that this one's handler emits at `position`: its id is derived, so a redelivery emits the same one again.
    /// - Parameter sentAt: when this one was handled.
    public func emitted(type: String, schema: Int, at position: Int, sentAt: Int64) -> Envelope {
        var next = self
        next.messageID = self.messageID.derived(String(position))
        next.type = type
        next.causationID = self.messageID
        next.replaces = nil
        next.schema = schema
        next.attempt = 1
        next.fingerprint = nil
        next.sender = nil
        next.sentAt = sentAt
        next.failure = nil
        return next
    }
}

/// The names of the headers that Conveyor's messages carry.
enum Header {
    static let actor = "actor"
    static let attempt = "attempt"
    static let causationID = "causation-id"
    static let error = "error"
    static let errorType = "error-type"
    static let fingerprint = "fingerprint"
    static let firstFailedAt = "first-failed-at"
    static let lastFailedAt = "last-failed-at"
    static let replaces = "replaces"
    static let schema = "schema"
    static let sender = "sender"
    static let traceparent = "traceparent"
    /// Beside AMQP's `timestamp`, which counts whole seconds; the name is that of RabbitMQ's own timestamp interceptor.
    static let timestampInMilliseconds = "timestamp_in_ms"
}

extension Envelope {
    /// Reads the properties of a delivery.
    ///
    /// A message from elsewhere may lack most of them: it counts as the first of its chain, by `system`, at its first attempt. Without an id that is a
    /// UUID it cannot be told from its copies, so it is refused.
    /// - Throws: `Poison` `undecodable` if there is no usable `message_id`, `unknown_type` if there is no `type`.
    public init(_ delivery: Delivery) throws(Poison) {
        let properties = delivery.properties
        guard let text = properties.messageID, let messageID = ID(text) else {
            throw Poison(.undecodable, "message_id is not a UUID")
        }
        guard let type = properties.type, !type.isEmpty else { throw Poison(.unknownType, "the property `type` is missing") }
        self.messageID = messageID
        self.type = type
        self.correlationID = properties.correlationID.flatMap { ID($0) } ?? messageID
        self.causationID = properties.headers[Header.causationID]?.string.flatMap { ID($0) }
        self.replaces = properties.headers[Header.replaces]?.string.flatMap { ID($0) }
        self.actor = properties.headers[Header.actor]?.string ?? "system"
        self.schema = Int(properties.headers[Header.schema]?.int ?? 1)
        self.traceparent = properties.headers[Header.traceparent]?.string
        self.attempt = max(1, Int(clamping: properties.headers[Header.attempt]?.int ?? 1))
        self.fingerprint = properties.headers[Header.fingerprint]?.string
        self.sender = properties.headers[Header.sender]?.string
        self.sentAt = properties.headers[Header.timestampInMilliseconds]?.int ?? properties.timestamp.map { $0 * 1000 }
        if let errorType = properties.headers[Header.errorType]?.string {
            self.failure = Failure(
                errorType: errorType, error: properties.headers[Header.error]?.string ?? "",
                firstAt: properties.headers[Header.firstFailedAt]?.int ?? 0, lastAt: properties.headers[Header.lastFailedAt]?.int ?? 0)
        } else {
            self.failure = nil
        }
    }

    /// The AMQP properties that carry this envelope. `x-death` and whatever else a delivery carried is left behind.
    public func properties(appID: String, persistent: Bool = true) -> Properties {
        var headers: [String: HeaderValue] = [
            Header.actor: .string(self.actor), Header.schema: .int(Int64(self.schema)), Header.attempt: .int(Int64(self.attempt)),
        ]
        if let causationID { headers[Header.causationID] = .string(causationID.description) }
        if let replaces { headers[Header.replaces] = .string(replaces.description) }
        if let traceparent { headers[Header.traceparent] = .string(traceparent) }
        if let fingerprint { headers[Header.fingerprint] = .string(fingerprint) }
        if let sender { headers[Header.sender] = .string(sender) }
        if let sentAt { headers[Header.timestampInMilliseconds] = .int(sentAt) }
        if let failure {
            headers[Header.errorType] = .string(failure.errorType)
            headers[Header.error] = .string(failure.error)
            headers[Header.firstFailedAt] = .int(failure.firstAt)
            headers[Header.lastFailedAt] = .int(failure.lastAt)
        }
        return Properties(
            messageID: self.messageID.description, type: self.type, contentType: "application/json", correlationID: self.correlationID.description,
            appID: appID, timestamp: self.sentAt.map { $0 / 1000 }, persistent: persistent, headers: headers)
    }
}

extension Outgoing {
    /// A command or event to publish: to its exchange, under its type, mandatory if it is a command.
    public init<Payload: Message>(_ payload: Payload, envelope: Envelope, appID: String) throws {
        self.init(
            exchange: Payload.exchange, routingKey: Payload.type, mandatory: Payload.exchange == "commands",
            properties: envelope.properties(appID: appID), body: try JSON.encode(payload))
    }
}
