/// A message whose frames are arriving: its method, then one header, then bodies until all of its bytes are there.
struct IncomingContent {
    /// What the message is: a delivery, or one of ours that came back.
    enum Method {
        case delivery(tag: UInt64, redelivered: Bool, exchange: String, routingKey: String)
        case returned(exchange: String, routingKey: String, reason: String)
    }

    private(set) var method: Method?
    private(set) var properties = Properties()
    private var body: [UInt8] = []
    private var missing = 0

    mutating func begin(_ method: Method) { self.method = method }

    /// The header; whether the message is complete with it.
    mutating func receive(_ properties: Properties, size: Int) -> Bool {
        self.properties = properties
        self.missing = size
        // The size is the broker's word; it takes no message above its `max_message_size`.
        self.body.reserveCapacity(size)
        return size == 0
    }

    /// A part of the body; whether the message is complete with it.
    mutating func receive(_ part: UnsafeRawBufferPointer) -> Bool {
        unsafe self.body.append(contentsOf: part)
        self.missing -= part.count
        return self.missing <= 0
    }

    /// Hands the message out.
    mutating func take() -> (method: Method?, properties: Properties, body: [UInt8]) {
        defer { self = IncomingContent() }
        return (self.method, self.properties, self.body)
    }
}
