import RabbitMQ

/// Hands the deliveries of one queue to the slots: batches of one type, oldest first; after a crash, redelivered messages one at a time with no other
/// in work.
///
/// Messages of one user or operator take effect in the order of the queue, whatever their types and however many slots there are: a message waits
/// while an earlier one of the same actor waits or is in a slot that has not committed it, unless both go into one batch.
///
/// A message that is prepared waits, too, while a copy of it is in a slot: the inbox keeps the copy from a second effect in the database, but
/// not from a second call to the world outside.
///
/// A crash of the worker raises the broker's delivery count of all its messages. If a message with a count could crash the next worker while that
/// one has hundreds of others, they would all reach the delivery limit together. So such a message waits until all others are settled, is
/// handled alone, and the worker takes only one message at a time (`probing`) until a message without a count comes.
actor Dispatcher {
    /// The deliveries of one batch.
    struct Work: Sendable {
        var type: String
        var deliveries: [Delivery]
        /// When the first of them arrived.
        var since: ContinuousClock.Instant
        /// Identifies it among the batches in work.
        fileprivate var number: UInt64
    }

    /// A change for the consumer.
    enum Signal: Sendable, Equatable {
        /// Take one message at a time.
        case probe
        /// Take as many as the prefetch allows.
        case take
        /// Take nothing until all messages in work are settled.
        case hold
    }

    /// The rules for a type's batches.
    struct Batching: Sendable {
        /// The limit of messages per batch.
        var size: Int
        /// Whether its messages are prepared side by side and committed one by one, in any order: then a batch contains one message per user.
        var isSideBySide = false
    }

    private struct Waiting {
        let delivery: Delivery
        let type: String
        /// The actors whose messages keep their order; nil for the system, Stripe and anonymous clients.
        let actor: String?
        /// The message's id if it is prepared: no two copies of it are in slots at once.
        let preparedID: String?
        let since: ContinuousClock.Instant

        init(_ delivery: Delivery, isSideBySide: Bool, now: ContinuousClock.Instant) {
            self.delivery = delivery
            self.type = delivery.properties.type ?? ""
            self.actor = delivery.properties.headers[Header.actor]?.string.flatMap { $0.isOperator || ID($0) != nil ? $0 : nil }
            self.preparedID = isSideBySide ? delivery.properties.messageID : nil
            self.since = now
        }
    }

    private let batching: @Sendable (String) -> Batching
    private let signal: @Sendable (Signal) -> Void
    /// In the order of the queue.
    private var waiting: [Waiting] = []
    private var suspects: [Waiting] = []
    /// The number of messages in slots, until they are acknowledged.
    private var inHand = 0
    /// The actors and the prepared ids of the messages in slots, by batch, until they are committed.
    private var keys: [UInt64: [String]] = [:]
    private var busy: [String: Int] = [:]
    private var lastNumber: UInt64 = 0
    private var suspectInHand = false
    private var mode = Signal.probe
    private var draining = false
    private var lanes: [CheckedContinuation<Work?, Never>] = []
    private var drained: [CheckedContinuation<Void, Never>] = []

    /// - Parameters:
    ///   - batching: the rules for a type's batches.
    ///   - signal: called when the consumer should take more, less or nothing.
    init(batching: @escaping @Sendable (String) -> Batching, signal: @escaping @Sendable (Signal) -> Void) {
        self.batching = batching
        self.signal = signal
    }

    /// Adds deliveries.
    func add(_ deliveries: [Delivery], now: ContinuousClock.Instant = .now) {
        for delivery in deliveries {
            let message = Waiting(delivery, isSideBySide: self.batching(delivery.properties.type ?? "").isSideBySide, now: now)
            if delivery.deliveryCount > 0 {
                self.suspects.append(message)
            } else {
                self.waiting.append(message)
            }
        }
        if self.suspects.isEmpty {
            self.switchTo(.take)
        } else if self.mode == .take {
            self.switchTo(.hold)
        }
        self.feed()
    }

    /// The connection was lost: waiting messages will be redelivered. The last signal still applies.
    func reset() {
        self.waiting = []
        self.suspects = []
    }

    /// The next batch; nil when draining has ended.
    func next() async -> Work? {
        if let work = self.pick() { return work }
        if self.draining, self.isEmpty { return nil }
        return await withCheckedContinuation { self.lanes.append($0) }
    }

    /// A batch has been committed, or has left: later messages of the same actors may follow.
    func committed(_ work: Work) {
        self.release(work)
        self.feed()
    }

    /// A slot has finished a batch.
    func finished(_ work: Work) {
        self.release(work)
        self.inHand -= work.deliveries.count
        if self.suspectInHand { self.suspectInHand = false }
        if self.mode == .hold, self.isEmpty, self.inHand == 0 { self.switchTo(.probe) }
        self.feed()
        if self.draining, self.isEmpty, self.inHand == 0 { self.end() }
    }

    /// Removes messages, as one batch, that have waited for a slot since before `date`; nil if there are none.
    func takeOverdue(since date: ContinuousClock.Instant) -> Work? {
        let overdue = self.waiting.filter { $0.since <= date } + self.suspects.filter { $0.since <= date }
        guard !overdue.isEmpty else { return nil }
        self.waiting.removeAll { $0.since <= date }
        self.suspects.removeAll { $0.since <= date }
        return self.hand(out: overdue)
    }

    /// Ends the input: returns when all messages in work are settled.
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
        // A returning message was before all others.
        var blocked = Set(self.suspects.lazy.compactMap(\.actor))
        for (index, message) in self.waiting.enumerated() {
            if taken.count == batching.size {
                left += self.waiting[index...]
                break
            }
            func isFree(_ key: String?) -> Bool { key.map { !blocked.contains($0) && self.busy[$0] == nil } ?? true }
            guard taken.first.map({ $0.type == message.type }) ?? true, isFree(message.actor), isFree(message.preparedID) else {
                if let actor = message.actor { blocked.insert(actor) }
                left.append(message)
                continue
            }
            if taken.isEmpty { batching = self.batching(message.type) }
            taken.append(message)
            if batching.isSideBySide, let actor = message.actor, !actor.isOperator { blocked.insert(actor) }
            if let id = message.preparedID { blocked.insert(id) }
        }
        self.waiting = left
        return taken
    }

    private func hand(out messages: [Waiting]) -> Work {
        self.lastNumber += 1
        self.inHand += messages.count
        let keys = messages.compactMap(\.actor) + messages.compactMap(\.preparedID)
        if !keys.isEmpty {
            self.keys[self.lastNumber] = keys
            for key in keys { self.busy[key, default: 0] += 1 }
        }
        return Work(
            type: messages[0].type, deliveries: messages.map(\.delivery), since: messages.map(\.since).min() ?? .now, number: self.lastNumber)
    }

    private func release(_ work: Work) {
        for key in self.keys.removeValue(forKey: work.number) ?? [] {
            self.busy[key] = self.busy[key].flatMap { $0 > 1 ? $0 - 1 : nil }
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
    /// An operator with a name.
    fileprivate var isOperator: Bool { self.hasPrefix("operator:") }
}
