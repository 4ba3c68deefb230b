/// An object with Stripe's id and a place in the order of creation.
protocol Stored: Sendable, Codable {
    var id: String { get }
    /// The order of lists: larger for each new object of the ledger, since `created` has only seconds.
    var serial: Int { get }
    /// Unix seconds.
    var created: Int { get }
}

/// The objects of one kind: by id, and in the order of creation.
struct Shelf<Item: Stored> {
    private var items: [String: Item] = [:]
    private(set) var order: [String] = []

    subscript(id: String) -> Item? { self.items[id] }

    /// Adds an object, or replaces the one with its id.
    mutating func put(_ item: Item) {
        if self.items.updateValue(item, forKey: item.id) == nil { self.order.append(item.id) }
    }

    /// Removes the oldest objects while they are older than `created`.
    mutating func drop(createdBefore created: Int) {
        let count = self.order.prefix { self.items[$0].map { $0.created < created } ?? true }.count
        for id in self.order.prefix(count) { self.items[id] = nil }
        self.order.removeFirst(count)
    }

    /// All, oldest first.
    var all: some BidirectionalCollection<Item> { self.order.lazy.compactMap { self.items[$0] } }
}
