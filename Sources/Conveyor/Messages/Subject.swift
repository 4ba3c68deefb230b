/// The subject of a message, or a resource that it has changed: a type of the application and an id.
public struct Subject: Sendable, Hashable {
    /// The type, e.g. `order`, in snake case.
    public var type: String
    /// Its id.
    public var id: ID

    /// The resource with this type and id.
    public init(type: String, id: ID) {
        self.type = type
        self.id = id
    }
}
