import RabbitMQ

/// Hands the deliveries of one queue to the lanes: batches of one type, oldest first; what came back after a crash one at a time, with nothing else in hand.
///
/// What one user or operator sent takes effect in the order of the queue, whatever its types and however many lanes there are: a message waits while an
/// earlier one by the same actor waits, unless both go into one batch, or is in the hands of a lane that has not committed it.
///
/// A crash of the worker raises the broker's delivery count of everything it held. If a message with a count could crash the next worker too while that
/// one holds hundreds of others, they would all reach the delivery limit together. So such a message waits until everything else in hand is settled, is
/// handled alone, and the worker takes no more than one message at a time (`probing`) until an unsuspected one comes.
actor Dispatcher {
    /// Deliveries of one type.
    struct Work: Sendable {
        var type: String
        var deliveries: [Delivery]
        /// When the first of them came.
        var since: ContinuousClock.Instant
        /// Names it among those that are in hand.
        fileprivate var number: UInt64
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

    /// How a type's batches are made.
    struct Batching: Sendable {
        /// The most messages that a lane takes at once.
        var size: Int
        /// Its messages are prepared side by side and committed one by one, in any order: so there is one of each user in a batch.
        var isSideBySide = false
    }

    private struct Waiting {
        let delivery: Delivery
        let type: String
        /// Whose messages keep their order; nil for those of the system, of Stripe and of strangers.
        let actor: String?
        let since: ContinuousClock.Instant

        init(_ delivery: Delivery, now: ContinuousClock.Instant) {
            self.delivery = delivery
            self.type = delivery.properties.type ?? ""
            self.actor = delivery.properties.headers[Header.actor]?.string.flatMap { $0.isOperator || ID($0) != nil ? $0 : nil }
            self.since = now
        }
    }

    private let batching: @Sendable (String) -> Batching
    private let signal: @Sendable (Signal) -> Void
    /// In the order of the queue.
    private var waiting: [Waiting] = []
    private var suspects: [Waiting] = []
    /// How many messages lanes have in hand, until they are acknowledged.
    private var inHand = 0
    /// Whose messages lanes have in hand, by batch, until they are committed.
    private var actors: [UInt64: [String]] = [:]
    private var busy: [String: Int] = [:]
    private var lastNumber: UInt64 = 0
    private var suspectInHand = false
    private var mode = Signal.probe
    private var draining = false
    private var lanes: [CheckedContinuation<Work?, Never>] = []
    private var drained: [CheckedContinuation<Void, Never>] = []

    /// - Parameters:
    ///   - batching: how the batches of a type are made.
    ///   - signal: told when the consumer should take more, less or nothing.
    init(batching: @escaping @Sendable (String) -> Batching, signal: @escaping @Sendable (Signal) -> Void) {
        self.batching = batching
        self.signal = signal
    }

    /// What has arrived.
    func add(_ deliveries: [Delivery], now: ContinuousClock.Instant = .now) {
        for delivery in deliveries {
            if delivery.deliveryCount > 0 {
                self.suspects.append(Waiting(delivery, now: now))
            } else {
                self.waiting.append(Waiting(delivery, now: now))
            }
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
        self.waiting = []
        self.suspects = []
    }

    /// The next batch; nil once draining is over.
    func next() async -> Work? {
        if let work = self.pick() { return work }
        if self.draining, self.isEmpty { return nil }
        return await withCheckedContinuation { self.lanes.append($0) }
    }

    /// A batch has taken effect, or has left: later messages by the same actors may follow.
    func committed(_ work: Work) {
        self.release(work)
        self.feed()
    }

    /// A lane is through with a batch.
    func finished(_ work: Work) {
        self.release(work)
        self.inHand -= work.deliveries.count
        if self.suspectInHand { self.suspectInHand = false }
        if self.mode == .hold, self.isEmpty, self.inHand == 0 { self.switchTo(.probe) }
        self.feed()
        if self.draining, self.isEmpty, self.inHand == 0 { self.end() }
    }

    /// Takes out, as one batch, what has been waiting for a lane since before `date`; nil if there is nothing.
    func takeOverdue(since date: ContinuousClock.Instant) -> Work? {
        let overdue = self.waiting.filter { $0.since <= date } + self.suspects.filter { $0.since <= date }
        guard !overdue.isEmpty else { return nil }
        self.waiting.removeAll { $0.since <= date }
        self.suspects.removeAll { $0.since <= date }
        return self.hand(out: overdue)
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

    private var isEmpty: Bool { self.waiting.isEmpty && self.suspects.isEmpty }

    private func pick() -> Work? {
        guard !self.suspectInHand else { return nil }
        let taken = self.takeBatch()
        if !taken.isEmpty { return self.hand(out: taken) }
        guard self.inHand == 0, !self.suspects.isEmpty else { return nil }
        self.suspectInHand = true
        return self.hand(out: [self.suspects.removeFirst()])
    }

    /// The oldest message that may go, and those of its type that may go with it.
    private func takeBatch() -> [Waiting] {
        var taken: [Waiting] = []
        var left: [Waiting] = []
        var batching = Batching(size: 1)
        // What comes back was before all others.
        var blocked = Set(self.suspects.lazy.compactMap(\.actor))
        for (index, message) in self.waiting.enumerated() {
            if taken.count == batching.size {
                left += self.waiting[index...]
                break
            }
            let mayGo =
                (taken.first.map { $0.type == message.type } ?? true) && message.actor.map { !blocked.contains($0) && self.busy[$0] == nil } ?? true
            guard mayGo else {
                if let actor = message.actor { blocked.insert(actor) }
                left.append(message)
                continue
            }
            if taken.isEmpty { batching = self.batching(message.type) }
            taken.append(message)
            if batching.isSideBySide, let actor = message.actor, !actor.isOperator { blocked.insert(actor) }
        }
        self.waiting = left
        return taken
    }

    private func hand(out messages: [Waiting]) -> Work {
        self.lastNumber += 1
        self.inHand += messages.count
        let actors = messages.compactMap(\.actor)
        if !actors.isEmpty {
            self.actors[self.lastNumber] = actors
            for actor in actors { self.busy[actor, default: 0] += 1 }
        }
        return Work(
            type: messages[0].type, deliveries: messages.map(\.delivery), since: messages.map(\.since).min() ?? .now, number: self.lastNumber)
    }

    private func release(_ work: Work) {
        for actor in self.actors.removeValue(forKey: work.number) ?? [] {
            self.busy[actor] = self.busy[actor].flatMap { $0 > 1 ? $0 - 1 : nil }
        }
    }

    private func feed() {
        while !self.lanes.isEmpty, let work = self.pick() { self.lanes.removeFirst().resume(returning: work) }
    }

    private func end() {
        for lane in self.lanes { lane.resume(returning: nil) }
        self.lanes = []
        for waiter in self.drained { waiter.resume() }
        self.drained = []
    }

    private func switchTo(_ mode: Signal) {
        guard mode != self.mode else { return }
        self.mode = mode
        self.signal(mode)
    }
}

extension String {
    /// Of an operator, by name.
    fileprivate var isOperator: Bool { self.hasPrefix("operator:") }
}
