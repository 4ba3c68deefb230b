/// The basic properties of a message (AMQP 0-9-1, class `basic`). Texts have at most 255 bytes of UTF-8.
public struct Properties: Sendable, Hashable {
    /// The message's own id.
    public var messageID: String?
    /// What kind of message it is.
    public var type: String?
    /// MIME type of the body.
    public var contentType: String?
    /// MIME encoding of the body.
    public var contentEncoding: String?
    /// What the message belongs to or answers.
    public var correlationID: String?
    /// Where an answer is wanted.
    public var replyTo: String?
    /// Milliseconds after which a queue drops the message, as text.
    public var expiration: String?
    /// Must be the connection's user if it is set: the broker checks it.
    public var userID: String?
    /// Which application has published it.
    public var appID: String?
    /// Seconds since 1970.
    public var timestamp: Int64?
    /// For queues with priorities.
    public var priority: UInt8?
    /// Whether the broker keeps it on disk (delivery mode 2). Quorum queues always do.
    public var persistent: Bool
    /// Anything else. Names have at most 128 characters.
    public var headers: [String: HeaderValue]

    /// Properties of a persistent message without headers, unless said otherwise.
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
