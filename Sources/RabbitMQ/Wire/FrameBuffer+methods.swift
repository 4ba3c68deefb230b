/// The frames that a client sends often. The library encodes all others.
extension FrameBuffer {
    /// The only channel of each connection.
    static let channel: UInt16 = 1
    /// Frame header (type, channel, size) and end octet.
    static let frameOverhead = 8
    /// A text with one octet of length.
    static let shortTextLimit = 255

    private enum FrameType {
        static let method: UInt8 = 1
        static let header: UInt8 = 2
        static let body: UInt8 = 3
        static let heartbeat: UInt8 = 8
        static let end: UInt8 = 0xCE
    }

    private enum Method {
        static let basicPublish: UInt32 = 60 << 16 | 40
        static let basicAck: UInt32 = 60 << 16 | 80
        static let confirmSelect: UInt32 = 85 << 16 | 10
    }

    mutating func appendHeartbeat() {
        self.append(FrameType.heartbeat)
        self.append(UInt16(0))
        self.append(UInt32(0))
        self.append(FrameType.end)
    }

    mutating func appendAck(_ tag: UInt64, multiple: Bool) {
        self.append(FrameType.method)
        self.append(Self.channel)
        self.append(UInt32(4 + 8 + 1))
        self.append(Method.basicAck)
        self.append(tag)
        self.append(UInt8(multiple ? 1 : 0))
        self.append(FrameType.end)
    }

    /// `confirm.select`, which the broker answers even when confirms are already on.
    mutating func appendConfirmSelect() {
        self.append(FrameType.method)
        self.append(Self.channel)
        self.append(UInt32(4 + 1))
        self.append(Method.confirmSelect)
        self.append(UInt8(0))
        self.append(FrameType.end)
    }

    /// Appends `basic.publish`, the content header and the body frames.
    /// - Returns: Whether the message can be sent; if not, nothing is appended: a text is longer than 255 bytes, or the header is
    ///   larger than a frame. The broker would close the connection over it.
    mutating func appendPublish(_ message: Outgoing, frameMax: Int) -> Bool {
        guard Self.fits(message) else { return false }
        let start = self.end
        self.append(FrameType.method)
        self.append(Self.channel)
        self.append(UInt32(4 + 2 + 1 + message.exchange.utf8.count + 1 + message.routingKey.utf8.count + 1))
        self.append(Method.basicPublish)
        self.append(UInt16(0))
        self.append(short: message.exchange)
        self.append(short: message.routingKey)
        self.append(UInt8(message.mandatory ? 1 : 0))
        self.append(FrameType.end)

        self.append(FrameType.header)
        self.append(Self.channel)
        let size = self.end
        self.append(UInt32(0))
        self.append(UInt16(60))
        self.append(UInt16(0))
        self.append(UInt64(message.body.count))
        self.append(message.properties)
        self.patchSize(at: size)
        guard self.end - size + 4 <= frameMax else {
            self.truncate(to: start)
            return false
        }
        self.append(FrameType.end)

        let chunk = frameMax - Self.frameOverhead
        var rest = message.body[...]
        while !rest.isEmpty {
            let part = rest.prefix(chunk)
            rest = rest.dropFirst(chunk)
            self.append(FrameType.body)
            self.append(Self.channel)
            self.append(long: part)
            self.append(FrameType.end)
        }
        return true
    }

    /// Whether all short strings have at most 255 bytes.
    static func fits(_ message: Outgoing) -> Bool {
        message.exchange.utf8.count <= Self.shortTextLimit && message.routingKey.utf8.count <= Self.shortTextLimit
            && message.properties.areEncodable
    }
}
