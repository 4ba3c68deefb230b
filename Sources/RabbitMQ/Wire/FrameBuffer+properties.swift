/// The properties of a content header: flags, then those that are set, in the order of their flags (AMQP 0-9-1, section 4.2.6.1).
extension FrameBuffer {
    mutating func append(_ properties: Properties) {
        var flags: PropertyFlags = .deliveryMode
        if properties.contentType != nil { flags.insert(.contentType) }
        if properties.contentEncoding != nil { flags.insert(.contentEncoding) }
        if !properties.headers.isEmpty { flags.insert(.headers) }
        if properties.priority != nil { flags.insert(.priority) }
        if properties.correlationID != nil { flags.insert(.correlationID) }
        if properties.replyTo != nil { flags.insert(.replyTo) }
        if properties.expiration != nil { flags.insert(.expiration) }
        if properties.messageID != nil { flags.insert(.messageID) }
        if properties.timestamp != nil { flags.insert(.timestamp) }
        if properties.type != nil { flags.insert(.type) }
        if properties.userID != nil { flags.insert(.userID) }
        if properties.appID != nil { flags.insert(.appID) }
        self.append(flags.rawValue)

        if let text = properties.contentType { self.append(short: text) }
        if let text = properties.contentEncoding { self.append(short: text) }
        if !properties.headers.isEmpty { self.append(properties.headers) }
        self.append(UInt8(properties.persistent ? 2 : 1))
        if let priority = properties.priority { self.append(priority) }
        if let text = properties.correlationID { self.append(short: text) }
        if let text = properties.replyTo { self.append(short: text) }
        if let text = properties.expiration { self.append(short: text) }
        if let text = properties.messageID { self.append(short: text) }
        if let seconds = properties.timestamp { self.append(seconds) }
        if let text = properties.type { self.append(short: text) }
        if let text = properties.userID { self.append(short: text) }
        if let text = properties.appID { self.append(short: text) }
    }
}

/// The properties that a content header contains; the same bits as the library's `AMQP_BASIC_*_FLAG`.
struct PropertyFlags: OptionSet {
    let rawValue: UInt16

    static let contentType = PropertyFlags(rawValue: 1 << 15)
    static let contentEncoding = PropertyFlags(rawValue: 1 << 14)
    static let headers = PropertyFlags(rawValue: 1 << 13)
    static let deliveryMode = PropertyFlags(rawValue: 1 << 12)
    static let priority = PropertyFlags(rawValue: 1 << 11)
    static let correlationID = PropertyFlags(rawValue: 1 << 10)
    static let replyTo = PropertyFlags(rawValue: 1 << 9)
    static let expiration = PropertyFlags(rawValue: 1 << 8)
    static let messageID = PropertyFlags(rawValue: 1 << 7)
    static let timestamp = PropertyFlags(rawValue: 1 << 6)
    static let type = PropertyFlags(rawValue: 1 << 5)
    static let userID = PropertyFlags(rawValue: 1 << 4)
    static let appID = PropertyFlags(rawValue: 1 << 3)
}

extension Properties {
    /// Whether all short strings have at most 255 bytes.
    var areEncodable: Bool {
        Self.isShort(self.messageID) && Self.isShort(self.type) && Self.isShort(self.contentType) && Self.isShort(self.contentEncoding)
            && Self.isShort(self.correlationID) && Self.isShort(self.replyTo) && Self.isShort(self.expiration) && Self.isShort(self.userID)
            && Self.isShort(self.appID) && self.headers.keys.allSatisfy { Self.isShort($0) } && self.headers.values.allSatisfy(\.isEncodable)
    }

    fileprivate static func isShort(_ text: String?) -> Bool { (text?.utf8.count ?? 0) <= FrameBuffer.shortTextLimit }
}

extension HeaderValue {
    fileprivate var isEncodable: Bool {
        switch self {
        case .table(let table): table.allSatisfy { Properties.isShort($0.key) && $0.value.isEncodable }
        case .array(let array): array.allSatisfy(\.isEncodable)
        default: true
        }
    }
}
