import HeapModule

/// Events on their way, by the time of their next attempt and then by age.
struct DeliveryQueue {
    /// One event's next attempt.
    struct Delivery: Sendable, Comparable {
        let eventID: String
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

    var count: Int { self.heap.count }
    /// When the next attempt is due.
    var nextDue: Int? { self.heap.min?.due }

    mutating func insert(_ delivery: Delivery) { self.heap.insert(delivery) }

    /// The next one that is due by then, or any of those.
    mutating func pop(dueBy now: Int, shuffled: Bool) -> Delivery? {
        guard let first = self.heap.min, first.due <= now else { return nil }
        guard shuffled else { return self.heap.popMin() }
        var all = self.heap.unordered.sorted()
        let ready = all.prefix { $0.due <= now }.count
        let picked = all.remove(at: Int.random(in: 0..<ready))
        self.heap = Heap(all)
        return picked
    }

    mutating func removeAll() { self.heap = Heap() }
}
