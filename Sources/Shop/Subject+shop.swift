public import Conveyor

extension Subject {
    /// An order with its timeline.
    public static func order(_ id: ID) -> Subject { Subject(type: "order", id: id) }
    /// A product or its stock.
    public static func product(_ id: ID) -> Subject { Subject(type: "product", id: id) }
    /// An account.
    public static func user(_ id: ID) -> Subject { Subject(type: "user", id: id) }
    /// A category.
    public static func category(_ id: ID) -> Subject { Subject(type: "category", id: id) }
    /// A user's cart.
    public static func cart(_ userID: ID) -> Subject { Subject(type: "cart", id: userID) }
}
