import DequeModule

/// The messages that are on their way to be confirmed, by delivery tag (https://www.rabbitmq.com/docs/confirms#publisher-confirms).
///
/// The broker counts the messages of a channel from 1, and confirms them in any order, one by one or all up to a tag. So this is a
/// sliding set of outstanding tags, not a counter.
struct ConfirmWindow {
    private struct Entry {
        /// nil once the caller has been told.
        var reply: Reply?
        let deadline: ContinuousClock.Instant
        // What a returned message is recognised by: `basic.return` carries no tag.
        let exchange: String
        let routingKey: String
        let messageID: String?
        var isReturned = false
        var isSettled = false
    }

    private var entries: Deque<Entry> = []
    private var firstTag: UInt64 = 1
    /// How many entries at the front are past their deadline; their callers have been told.
    private var overdue = 0

    /// How many messages the broker has not settled, those past their deadline included.
    var count: Int { self.entries.count }

    /// Whether any caller waits.
    var hasWaiting: Bool { self.overdue < self.entries.count }

    /// Notes a message that is about to be sent.
    mutating func append(_ message: Outgoing, deadline: ContinuousClock.Instant, reply: Reply) {
        self.entries.append(
            Entry(
                reply: reply, deadline: deadline, exchange: message.exchange, routingKey: message.routingKey,
                messageID: message.properties.messageID))
    }

    /// The message that was noted last could not be sent after all.
    mutating func removeLast(_ failure: PublishFailure) {
        self.tell(self.entries.count - 1, failure)
        self.entries.removeLast()
    }

    /// The broker has taken (nil) or refused the message `tag`, or with `multiple` all up to it (0: all).
    mutating func settle(_ tag: UInt64, multiple: Bool, _ failure: PublishFailure?) {
        if multiple {
            let last = tag == 0 ? .max : tag
            while self.firstTag <= last, !self.entries.isEmpty { self.popFirst(failure) }
        } else {
            guard tag >= self.firstTag, tag - self.firstTag < UInt64(self.entries.count) else { return }
            let index = Int(tag - self.firstTag)
            self.tell(index, failure)
            self.entries[index].isSettled = true
        }
        while let first = self.entries.first, first.isSettled { self.popFirst(nil) }
    }

    /// A message came back: no queue takes it. Its confirm follows, and then means nothing.
    ///
    /// The broker returns messages in the order in which they were published, so of several that look the same the first is meant.
    mutating func markReturned(exchange: String, routingKey: String, messageID: String?) {
        let index = self.entries.firstIndex {
            !$0.isReturned && !$0.isSettled && $0.messageID == messageID && $0.routingKey == routingKey && $0.exchange == exchange
        }
        if let index { self.entries[index].isReturned = true }
    }

    /// Tells the callers whose deadline is over.
    mutating func expire(_ now: ContinuousClock.Instant, as failure: PublishFailure) {
        while self.overdue < self.entries.count, self.entries[self.overdue].deadline <= now {
            self.tell(self.overdue, failure)
            self.overdue += 1
        }
    }

    /// Tells all callers, but forgets no tag: the confirms may yet come.
    mutating func expireAll(as failure: PublishFailure) {
        while self.overdue < self.entries.count {
            self.tell(self.overdue, failure)
            self.overdue += 1
        }
    }

    /// The connection is gone, and the tags with it. What was returned before is unroutable; the rest is as `failure` says.
    mutating func reset(_ failure: (_ exchange: String) -> PublishFailure) {
        for index in self.entries.indices { self.tell(index, failure(self.entries[index].exchange)) }
        self = ConfirmWindow()
    }

    /// The next deadline of a caller that waits.
    var nextDeadline: ContinuousClock.Instant? { self.hasWaiting ? self.entries[self.overdue].deadline : nil }

    private mutating func popFirst(_ failure: PublishFailure?) {
        self.tell(0, failure)
        self.entries.removeFirst()
        self.firstTag += 1
        if self.overdue > 0 { self.overdue -= 1 }
    }

    private mutating func tell(_ index: Int, _ failure: PublishFailure?) {
        guard let reply = self.entries[index].reply else { return }
        self.entries[index].reply = nil
        reply.resume(self.entries[index].isReturned ? .unroutable : failure)
    }
}
