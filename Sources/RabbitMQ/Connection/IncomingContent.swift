/// A message whose frames are arriving: its method, then one header, then bodies until it is complete.
struct IncomingContent {
    /// A delivery or a returned message.
    enum Method {
        case delivery(tag: UInt64, redelivered: Bool, exchange: String, routingKey: String)
        case returned(exchange: String, routingKey: String, reason: String)
    }

    private(set) var method: Method?
    private(set) var properties = Properties()
    private var body: [UInt8] = []
    private var missing = 0

    mutating func begin(_ method: Method) { self.method = method }

    /// Takes the header. Returns whether the message is complete with it.
    mutating func receive(_ properties: Properties, size: Int) -> Bool {
        self.properties = properties
        self.missing = size
        // The broker states the size, and accepts no message above its `max_message_size`.
        self.body.reserveCapacity(size)
        return size == 0
    }

    /// Takes a part of the body. Returns whether the message is complete with it.
    mutating func receive(_ part: UnsafeRawBufferPointer) -> Bool {
        unsafe self.body.append(contentsOf: part)
        self.missing -= part.count
        return self.missing <= 0
    }

    /// Returns the complete message.
    mutating func take() -> (method: Method?, properties: Properties, body: [UInt8]) {
        defer { self = IncomingContent() }
        return (self.method, self.properties, self.body)
    }
}
