public import Conveyor

/// An event that partners may receive by webhook.
public protocol PublicEvent: Event {
    /// The resources that it concerns; each gets its own delivery.
    var subjects: [PublicSubject] { get }
}

/// The subject of an event: a resource of the HTTP API.
public struct PublicSubject: Sendable, Equatable {
    /// `order, product, category, user, cart`.
    public var type: String
    /// Its id; a cart's is its user's.
    public var id: ID

    /// The subjects of an event.
    public init(type: String, id: ID) {
        self.type = type
        self.id = id
    }
}

extension PublicSubject {
    static func order(_ id: ID) -> [PublicSubject] { [PublicSubject(type: "order", id: id)] }
    static func user(_ id: ID) -> [PublicSubject] { [PublicSubject(type: "user", id: id)] }
}

/// The events that partners may receive: all except the hints between our own parts.
public enum PublicEvents {
    /// Their types.
    public static let all: [any PublicEvent.Type] = MessageCatalogue.all.compactMap { $0 as? any PublicEvent.Type }

    private static let names = Set(all.map { $0.type })
    private static let areas = Set(names.compactMap { $0.split(separator: ".").first.map(String.init) })

    /// Whether a text is a type of event, `<area>.*` or `*`.
    public static func isPattern(_ text: String) -> Bool {
        text == "*" || self.names.contains(text) || (text.hasSuffix(".*") && self.areas.contains(String(text.dropLast(2))))
    }

    /// The types that match some patterns, in alphabetical order.
    public static func types(of patterns: some Sequence<String>) -> [String] {
        let patterns = Set(patterns)
        return self.names.filter { name in
            patterns.contains("*") || patterns.contains(name) || patterns.contains(String(name.prefix { $0 != "." }) + ".*")
        }.sorted()
    }
}

extension AccountRegistered: PublicEvent {
    /// The account.
    public var subjects: [PublicSubject] { PublicSubject.user(self.userID) }
}

extension AccountUpdated: PublicEvent {
    /// The account.
    public var subjects: [PublicSubject] { PublicSubject.user(self.userID) }
}

extension AccountErased: PublicEvent {
    /// The account.
    public var subjects: [PublicSubject] { PublicSubject.user(self.userID) }
}

extension CatalogChanged: PublicEvent {
    /// The products and categories.
    public var subjects: [PublicSubject] {
        self.productIDs.map { PublicSubject(type: "product", id: $0) } + self.categoryIDs.map { PublicSubject(type: "category", id: $0) }
    }
}

extension StockReserved: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension StockRefused: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension StockReleased: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension StockLow: PublicEvent {
    /// The product.
    public var subjects: [PublicSubject] { [PublicSubject(type: "product", id: self.productID)] }
}

extension CartChanged: PublicEvent {
    /// The cart.
    public var subjects: [PublicSubject] { [PublicSubject(type: "cart", id: self.userID)] }
}

extension OrderPlaced: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension OrderAwaitingPayment: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension OrderRejected: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension OrderPaid: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension OrderShipped: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension OrderCompleted: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension OrderCancelled: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension OrderExpired: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension PaymentIntentCreated: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension PaymentProcessing: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension PaymentSucceeded: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension PaymentFailed: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension PaymentCanceled: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension PaymentRefunded: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension PaymentRefundFailed: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}

extension PaymentDisputed: PublicEvent {
    /// The order.
    public var subjects: [PublicSubject] { PublicSubject.order(self.orderID) }
}
