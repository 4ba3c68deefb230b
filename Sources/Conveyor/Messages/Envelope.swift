public import RabbitMQ

/// The metadata of a message: AMQP's basic properties and the headers of `topology/asyncapi.yaml`.
public struct Envelope: Sendable, Equatable {
    /// The message's id; the same at each delivery, retry and replay, so that it takes effect once.
    public var messageID: ID
    /// The routing key, e.g. `orders.place`.
    public var type: String
    /// The operation's id: the message id of the first command of the chain.
    public var correlationID: ID
    /// The id of the message that caused this one; nil for the first of a chain.
    public var causationID: ID?
    /// The id of the message that this one replaces after an edit; nil for all others.
    public var replaces: ID?
    /// A user's id, `anonymous`, `stripe`, `operator:<name>` or `system`.
    public var actor: String
    /// The version of the payload.
    public var schema: Int
    /// W3C trace context, propagated through the chain.
    public var traceparent: String?
    /// The attempt, from 1; raised at each retry.
    public var attempt: Int
    /// The fingerprint of the request that caused a command: a different one under the same id is a reused idempotency key.
    public var fingerprint: String?
    /// The process that accepted it: ``sentAt`` is comparable only with times of the same process; nil if unknown.
    public var sender: String?
    /// When it was first published, in milliseconds since 1970; kept through retries and replays. If the time is missing or impossible
    /// (``time(_:at:)``), the time of receipt.
    public var sentAt: Int64
    /// The failures of the previous attempts, if there were any.
    public var failure: Failure?

    /// The failures of a retried or dead message.
    public struct Failure: Sendable, Equatable {
        /// An error type: e.g. `timed_out`.
        public var errorType: String
        /// An explanation for people, without secrets.
        public var error: String
        /// Milliseconds since 1970.
        public var firstAt: Int64
        /// Milliseconds since 1970.
        public var lastAt: Int64

        /// The failures of a retried or dead message.
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

    /// Its own id, or that of the message that it replaces: the id of the resource that a command creates, which its client already knows.
    public var originalID: ID { self.replaces ?? self.messageID }

    /// Whether it began the chain: its own id is the operation's, or it replaces such a message.
    public var isRoot: Bool { self.messageID == self.correlationID || self.replaces == self.correlationID }

    /// The envelope of the message that this one's handler emits at `position`: its id is derived, so a redelivery emits the same one again.
    /// - Parameter sentAt: when this message was handled.
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
    /// Beside AMQP's `timestamp`, which has only seconds; the name is that of RabbitMQ's timestamp interceptor.
    static let timestampInMilliseconds = "timestamp_in_ms"
}

extension Envelope {
    /// Reads the properties of a delivery. Any of them may come from outside, so each is bounded: the result can be stored, counted and
    /// published again.
    ///
    /// Missing properties have their usual values: the first message of its chain, from `system`, first attempt, first schema, unrecorded trace. A
    /// message without a UUID as its id cannot be distinguished from its copies, so it is refused.
    /// - Parameter now: the time of receipt, in milliseconds since 1970.
    /// - Throws: `Poison` `undecodable` if there is no usable `message_id`, `unknown_type` if there is no `type`.
    public init(_ delivery: Delivery, receivedAt now: Int64 = Clock.milliseconds()) throws(Poison) {
        let properties = delivery.properties
        let headers = properties.headers
        func text(_ name: String, _ limit: Int) -> String? { headers[name]?.string?.bounded(to: limit) }
        guard let messageID = properties.messageID.flatMap({ ID($0) }) else { throw Poison(.undecodable, "message_id is not a UUID") }
        guard let type = properties.type, !type.isEmpty else { throw Poison(.unknownType, "the property `type` is missing") }
        self.messageID = messageID
        self.type = type
        self.correlationID = properties.correlationID.flatMap { ID($0) } ?? messageID
        self.causationID = headers[Header.causationID]?.string.flatMap { ID($0) }
        self.replaces = headers[Header.replaces]?.string.flatMap { ID($0) }
        self.actor = text(Header.actor, Self.longestName) ?? "system"
        self.schema = Int(min(max(headers[Header.schema]?.int ?? 1, 1), Int64(Int32.max)))
        self.attempt = Int(min(max(headers[Header.attempt]?.int ?? 1, 1), Int64(Int16.max)))
        self.traceparent = text(Header.traceparent, Self.longestName).flatMap { TraceContext(traceparent: $0) == nil ? nil : $0 }
        self.fingerprint = headers[Header.fingerprint]?.string.flatMap { Self.isHexadecimal($0) ? $0 : nil }
        self.sender = text(Header.sender, Self.longestName)
        self.sentAt = Self.statedTime(properties, messageID: messageID, receivedAt: now) ?? now
        self.failure = text(Header.errorType, Self.longestName).map { errorType in
            Failure(
                errorType: errorType, error: text(Header.error, Self.longestError) ?? "",
                firstAt: headers[Header.firstFailedAt]?.int.flatMap { Self.time($0, at: now) } ?? now,
                lastAt: headers[Header.lastFailedAt]?.int.flatMap { Self.time($0, at: now) } ?? now)
        }
    }

    /// The limit in bytes of an actor, an error type or a `traceparent`.
    static let longestName = 128
    /// The limit in bytes of an error's text in a header. With all others it fits into AMQP's smallest frame, 4,096 bytes.
    static let longestError = 2000
    /// 2020-01-01T00:00:00Z, before the first version of Conveyor.
    private static let earliest: Int64 = 1_577_836_800_000
    /// The allowed lead of a sender's clock: a day.
    private static let tolerance: Int64 = 86_400_000

    /// An external time in milliseconds since 1970; nil if it is impossible: before 2020, or more than a day ahead of `now`.
    public static func time(_ milliseconds: Int64, at now: Int64) -> Int64? {
        milliseconds >= Self.earliest && milliseconds <= now + Self.tolerance ? milliseconds : nil
    }

    /// A message's own sending time, in milliseconds since 1970; nil if it is missing or impossible.
    ///
    /// AMQP's `timestamp` has only seconds. The milliseconds come from an id of version 7, or from a header.
    public static func statedTime(_ properties: Properties, messageID: ID?, receivedAt now: Int64) -> Int64? {
        if let milliseconds = properties.headers[Header.timestampInMilliseconds]?.int { return Self.time(milliseconds, at: now) }
        guard let seconds = properties.timestamp else { return nil }
        if let milliseconds = messageID?.milliseconds, milliseconds / 1000 == seconds.magnitude, seconds > 0 {
            return Self.time(Int64(milliseconds), at: now)
        }
        let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? nil : Self.time(milliseconds, at: now)
    }

    private static func isHexadecimal(_ text: String) -> Bool {
        text.utf8.count <= Self.longestName && text.utf8.count.isMultiple(of: 2)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
                    || (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte)
            }
    }

    /// The AMQP properties of this envelope. Usual values are left out, and `x-death` and other headers of the delivery are dropped.
    public func properties(appID: String, persistent: Bool = true) -> Properties {
        var headers: [String: HeaderValue] = [Header.actor: .string(self.actor)]
        if self.schema != 1 { headers[Header.schema] = .int(Int64(self.schema)) }
        if self.attempt != 1 { headers[Header.attempt] = .int(Int64(self.attempt)) }
        if let causationID { headers[Header.causationID] = .string(causationID.description) }
        if let replaces { headers[Header.replaces] = .string(replaces.description) }
        if let traceparent { headers[Header.traceparent] = .string(traceparent) }
        if let fingerprint { headers[Header.fingerprint] = .string(fingerprint) }
        if let sender { headers[Header.sender] = .string(sender) }
        if self.messageID.milliseconds.map({ Int64($0) }) != self.sentAt { headers[Header.timestampInMilliseconds] = .int(self.sentAt) }
        if let failure {
            headers[Header.errorType] = .string(failure.errorType)
            headers[Header.error] = .string(failure.error.bounded(to: Self.longestError))
            headers[Header.firstFailedAt] = .int(failure.firstAt)
            headers[Header.lastFailedAt] = .int(failure.lastAt)
        }
        return Properties(
            messageID: self.messageID.description, type: self.type, contentType: "application/json",
            correlationID: self.correlationID == self.messageID ? nil : self.correlationID.description, appID: appID, timestamp: self.sentAt / 1000,
            persistent: persistent, headers: headers)
    }
}

extension Outgoing {
    /// A command or event to publish: to its exchange, with its type as routing key; commands are mandatory.
    public init<Payload: Message>(_ payload: Payload, envelope: Envelope, appID: String) throws {
        self.init(
            exchange: Payload.exchange, routingKey: Payload.type, mandatory: Payload.exchange != "events",
            properties: envelope.properties(appID: appID), body: try payload.encoded())
    }
}
