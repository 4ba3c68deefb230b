import HeapModule

/// Events on their way, by the time of their next attempt and then by age.
///
/// Unless it is shuffled, those about one PaymentIntent go one after the other: many are under way at once, and still an endpoint that takes
/// them sees each payment's story in its order.
struct DeliveryQueue {
    /// One event's next attempt.
    struct Delivery: Sendable, Comparable {
        let eventID: String
        let subject: String
        let serial: Int
        /// When the event came up, Unix milliseconds.
        let since: Int
        /// Unix milliseconds.
        var due: Int
        /// Failed attempts so far.
        var attempts: Int

        static func < (left: Self, right: Self) -> Bool { (left.due, left.serial) < (right.due, right.serial) }
    }

    private var heap = Heap<Delivery>()
    /// Of the subjects that are under way: what waits for its turn, oldest first.
    private var blocked: [String: [Delivery]] = [:]

    /// Deliveries that wait.
    var count: Int { self.blocked.values.reduce(self.heap.count) { $0 + $1.count } }
    /// When the next attempt is due.
    var nextDue: Int? { self.heap.min?.due }

    mutating func insert(_ delivery: Delivery) { self.heap.insert(delivery) }

    /// The next one that is due by then and not blocked; ``finish(_:)`` gives its turn on.
    mutating func pop(dueBy now: Int) -> Delivery? {
        while let first = self.heap.min, first.due <= now {
            self.heap.removeMin()
            if self.blocked[first.subject] == nil {
                self.blocked[first.subject] = []
                return first
            }
            self.blocked[first.subject]?.append(first)
        }
        return nil
    }

    /// Any of those that are due by then.
    mutating func popAny(dueBy now: Int) -> Delivery? {
        var all = self.heap.unordered.sorted()
        let ready = all.prefix { $0.due <= now }.count
        guard ready > 0 else { return nil }
        let picked = all.remove(at: Int.random(in: 0..<ready))
        self.heap = Heap(all)
        return picked
    }

    /// That attempt is over: the next about the same PaymentIntent may go.
    mutating func finish(_ delivery: Delivery) {
        for next in self.blocked.removeValue(forKey: delivery.subject) ?? [] { self.heap.insert(next) }
    }

    mutating func removeAll() { (self.heap, self.blocked) = (Heap(), [:]) }
}
