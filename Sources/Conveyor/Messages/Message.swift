/// The payload of a message: the JSON in its body.
///
/// A new message type needs one such type, one handler in its queue's worker, and, for an event, a word in the
/// topology; registry, envelope, retries and dead letters follow.
public protocol Message: Codable, Sendable {
    /// The routing key, e.g. `orders.place`. Explicit: renaming a Swift type must not orphan queued messages.
    static var type: String { get }
    /// The newest version of the payload; a consumer accepts older ones.
    static var schema: Int { get }
    /// The version of this payload: older than the newest if older consumers can read it.
    var version: Int { get }
    /// The exchange for publishing.
    static var exchange: String { get }
    /// Checks its fields by the rules of their kinds (see ``Rule``). A worker does so before it calls the handler.
    func check(_ fields: inout FieldCheck)
    /// The payload's JSON.
    /// - Throws: an `EncodingError`.
    func encoded() throws -> [UInt8]
    /// Reads a payload.
    /// - Throws: a `DecodingError`.
    static func decoded(from body: [UInt8]) throws -> Self
}

extension Message {
    /// By default the first version.
    public static var schema: Int { 1 }
    /// By default the newest.
    public var version: Int { Self.schema }
    /// By default every payload that decodes is valid.
    public func check(_ fields: inout FieldCheck) {}
    /// By default its `Codable` form.
    public func encoded() throws -> [UInt8] { try JSON.encode(self) }
    /// By default its `Codable` form.
    public static func decoded(from body: [UInt8]) throws -> Self { try JSON.decode(from: body) }
}

/// A request to do something. Published as `mandatory` to `commands`; the first word of its type names the queue.
public protocol Command: Message {}

/// A command whose effect a later one of the same kind may overwrite: such commands about one resource take effect in the order of their
/// acceptance, or are rejected as `superseded`.
public protocol OrderedCommand: Command {}

/// A report that something has happened. Published to `events`; it may have no consumer.
public protocol Event: Message {}

extension Command {
    /// The topic exchange of all commands.
    public static var exchange: String { "commands" }
}

extension Event {
    /// The topic exchange of all events.
    public static var exchange: String { "events" }
}
