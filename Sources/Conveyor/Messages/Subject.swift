/// What a message is about, or what it has changed: a thing of the application, by its type and id.
public struct Subject: Sendable, Hashable {
    /// E.g. `order`: a name of the application's, in snake case.
    public var type: String
    /// Its id.
    public var id: ID

    /// The thing of that type and id.
    public init(type: String, id: ID) {
        self.type = type
        self.id = id
    }
}
