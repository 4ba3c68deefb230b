/// The basic properties of a message (AMQP 0-9-1, class `basic`). Texts have at most 255 bytes of UTF-8.
public struct Properties: Sendable, Hashable {
    /// The message's id.
    public var messageID: String?
    /// The type of the message.
    public var type: String?
    /// MIME type of the body.
    public var contentType: String?
    /// MIME encoding of the body.
    public var contentEncoding: String?
    /// The correlation id: the chain or request that the message belongs to.
    public var correlationID: String?
    /// The queue for an answer.
    public var replyTo: String?
    /// Milliseconds after which a queue drops the message, as text.
    public var expiration: String?
    /// The publishing user; the broker refuses any name but the connection's user.
    public var userID: String?
    /// The publishing application.
    public var appID: String?
    /// Seconds since 1970.
    public var timestamp: Int64?
    /// For queues with priorities.
    public var priority: UInt8?
    /// Whether the broker keeps it on disk (delivery mode 2). Quorum queues always do.
    public var persistent: Bool
    /// Further headers. Names have at most 128 characters.
    public var headers: [String: HeaderValue]

    /// Properties of a message, by default persistent and without headers.
    public init(
        messageID: String? = nil, type: String? = nil, contentType: String? = nil, correlationID: String? = nil, appID: String? = nil,
        timestamp: Int64? = nil, persistent: Bool = true, headers: [String: HeaderValue] = [:]
    ) {
        self.messageID = messageID
        self.type = type
        self.contentType = contentType
        self.correlationID = correlationID
        self.appID = appID
        self.timestamp = timestamp
        self.persistent = persistent
        self.headers = headers
    }
}
