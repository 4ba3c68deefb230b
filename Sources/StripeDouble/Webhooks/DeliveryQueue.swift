import HeapModule

/// Undelivered events, ordered by the time of their next attempt and then by age.
///
/// Unless the queue is shuffled, events about one PaymentIntent are sent one after the other, so an endpoint gets the events of each payment in
/// order although many are sent at once.
struct DeliveryQueue {
    /// One event's next attempt.
    struct Delivery: Sendable, Comparable {
        let eventID: String
        let subject: String
        let serial: Int
        /// The time of the event, in Unix milliseconds.
        let since: Int
        /// Unix milliseconds.
        var due: Int
        /// Failed attempts so far.
        var attempts: Int

        static func < (left: Self, right: Self) -> Bool { (left.due, left.serial) < (right.due, right.serial) }
    }

    private var heap = Heap<Delivery>()
    /// By subject with an attempt in progress: the waiting deliveries, oldest first.
    private var blocked: [String: [Delivery]] = [:]

    /// The number of waiting deliveries.
    var count: Int { self.blocked.values.reduce(self.heap.count) { $0 + $1.count } }
    /// The time of the next attempt, in Unix milliseconds.
    var nextDue: Int? { self.heap.min?.due }

    mutating func insert(_ delivery: Delivery) { self.heap.insert(delivery) }

    /// The next due delivery that is not blocked; ``finish(_:)`` unblocks the next one of its subject.
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

    /// A random due delivery.
    mutating func popAny(dueBy now: Int) -> Delivery? {
        var all = self.heap.unordered.sorted()
        let ready = all.prefix { $0.due <= now }.count
        guard ready > 0 else { return nil }
        let picked = all.remove(at: Int.random(in: 0..<ready))
        self.heap = Heap(all)
        return picked
    }

    /// Ends an attempt; the next delivery about the same PaymentIntent may start.
    mutating func finish(_ delivery: Delivery) {
        for next in self.blocked.removeValue(forKey: delivery.subject) ?? [] { self.heap.insert(next) }
    }

    mutating func removeAll() { (self.heap, self.blocked) = (Heap(), [:]) }
}
