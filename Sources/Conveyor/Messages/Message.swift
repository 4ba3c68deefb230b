/// The payload of a message: what travels as JSON in a message's body.
///
/// A new message type is one such type here, one handler in the worker whose queue takes it, and, for an event, a line in
/// `topology/definitions.json`; the registry, the envelope, retries and dead letters follow.
public protocol Message: Codable, Sendable {
    /// The routing key, e.g. `orders.place`. Given by hand: renaming a Swift type must not orphan queued messages.
    static var type: String { get }
    /// The newest version of the payload; a consumer accepts older ones.
    static var schema: Int { get }
    /// The version of this payload: an older one than the newest if it says nothing that older consumers do not know.
    var version: Int { get }
    /// The exchange it is published to.
    static var exchange: String { get }
    /// Looks at its fields by the rules of their kinds (see ``Rule``). A worker does so before the handler gets it.
    func check(_ fields: inout FieldCheck)
}

extension Message {
    /// The first version, unless a type says otherwise.
    public static var schema: Int { 1 }
    /// The newest, unless a type says otherwise.
    public var version: Int { Self.schema }
    /// Whatever decodes is right, unless a type says otherwise.
    public func check(_ fields: inout FieldCheck) {}
}

/// Something to do. Published `mandatory` to `commands`; the first word of its type names the queue.
public protocol Command: Message {}

/// A command that changes what a later one of the same kind may change again: of such commands about one thing each takes effect in the order in which
/// they were accepted, or is rejected as `superseded`.
public protocol OrderedCommand: Command {}

/// Something that has happened. Published to `events`; nobody needs to listen.
public protocol Event: Message {}

extension Command {
    /// The topic exchange of all commands.
    public static var exchange: String { "commands" }
}

extension Event {
    /// The topic exchange of all events.
    public static var exchange: String { "events" }
}
