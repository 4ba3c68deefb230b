import RabbitMQ

/// Hands the deliveries of one queue to the lanes: batches of one type, oldest first; what came back after a crash one at a time, with nothing else in hand.
///
/// A crash of the worker raises the broker's delivery count of everything it held. If a message with a count could crash the next worker too while that
/// one holds hundreds of others, they would all reach the delivery limit together. So such a message waits until everything else in hand is settled, is
/// handled alone, and the worker takes no more than one message at a time (`probing`) until an unsuspected one comes.
actor Dispatcher {
    /// Deliveries of one type.
    struct Work: Sendable {
        var type: String
        var deliveries: [Delivery]
    }

    /// What the consumer should do next.
    enum Signal: Sendable, Equatable {
        /// Take one message at a time.
        case probe
        /// Take as many as the prefetch allows.
        case take
        /// Take nothing until everything in hand is settled.
        case hold
    }

    private let batchSize: @Sendable (String) -> Int
    private let signal: @Sendable (Signal) -> Void
    private var types: [String: [Delivery]] = [:]
    private var order: [String] = []
    private var suspects: [Delivery] = []
    private var inHand = 0
    private var suspectInHand = false
    private var mode = Signal.probe
    private var draining = false
    private var waiting: [CheckedContinuation<Work?, Never>] = []
    private var drained: [CheckedContinuation<Void, Never>] = []

    /// - Parameters:
    ///   - batchSize: the most messages of a type that a lane takes at once.
    ///   - signal: told when the consumer should take more, less or nothing.
    init(batchSize: @escaping @Sendable (String) -> Int, signal: @escaping @Sendable (Signal) -> Void) {
        self.batchSize = batchSize
        self.signal = signal
    }

    /// What has arrived.
    func add(_ deliveries: [Delivery]) {
        for delivery in deliveries {
            if delivery.deliveryCount > 0 {
                self.suspects.append(delivery)
                continue
            }
            let type = delivery.properties.type ?? ""
            if self.types[type] == nil { self.order.append(type) }
            self.types[type, default: []].append(delivery)
        }
        if self.suspects.isEmpty {
            self.switchTo(.take)
        } else if self.mode == .take {
            self.switchTo(.hold)
        }
        self.feed()
    }

    /// The connection was lost: what is not yet in hand will be delivered again. What the consumer was told last still holds.
    func reset() {
        self.types = [:]
        self.order = []
        self.suspects = []
    }

    /// The next batch; nil once draining is over.
    func next() async -> Work? {
        if let work = self.pick() { return work }
        if self.draining, self.isEmpty { return nil }
        return await withCheckedContinuation { self.waiting.append($0) }
    }

    /// A lane is through with a batch.
    func finished(_ work: Work) {
        self.inHand -= work.deliveries.count
        if self.suspectInHand { self.suspectInHand = false }
        if self.mode == .hold, self.isEmpty, self.inHand == 0 { self.switchTo(.probe) }
        self.feed()
        if self.draining, self.isEmpty, self.inHand == 0 { self.end() }
    }

    /// No more will be added: returns when all that is in hand is settled.
    func drain() async {
        self.draining = true
        if self.isEmpty, self.inHand == 0 {
            self.end()
        } else {
            await withCheckedContinuation { self.drained.append($0) }
        }
    }

    private var isEmpty: Bool { self.order.isEmpty && self.suspects.isEmpty }

    private func pick() -> Work? {
        guard !self.suspectInHand else { return nil }
        if let type = self.order.first, var queue = self.types[type] {
            let count = min(queue.count, max(1, self.batchSize(type)))
            let taken = Array(queue.prefix(count))
            queue.removeFirst(count)
            self.order.removeFirst()
            if queue.isEmpty {
                self.types[type] = nil
            } else {
                self.types[type] = queue
                self.order.append(type)
            }
            self.inHand += count
            return Work(type: type, deliveries: taken)
        }
        guard self.inHand == 0, !self.suspects.isEmpty else { return nil }
        let suspect = self.suspects.removeFirst()
        self.suspectInHand = true
        self.inHand = 1
        return Work(type: suspect.properties.type ?? "", deliveries: [suspect])
    }

    private func feed() {
        while !self.waiting.isEmpty, let work = self.pick() { self.waiting.removeFirst().resume(returning: work) }
    }

    private func end() {
        for lane in self.waiting { lane.resume(returning: nil) }
        self.waiting = []
        for waiter in self.drained { waiter.resume() }
        self.drained = []
    }

    private func switchTo(_ mode: Signal) {
        guard mode != self.mode else { return }
        self.mode = mode
        self.signal(mode)
    }
}
