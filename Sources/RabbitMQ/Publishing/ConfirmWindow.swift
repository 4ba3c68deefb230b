import DequeModule

/// The messages that await their confirm, by delivery tag (https://www.rabbitmq.com/docs/confirms#publisher-confirms).
///
/// The broker counts the messages of a channel from 1, and confirms them in any order, one by one or all up to a tag. So this is a
/// sliding set of outstanding tags, not a counter.
struct ConfirmWindow {
    private struct Entry {
        /// nil once the caller has its answer.
        var reply: Reply?
        let deadline: ContinuousClock.Instant
        // These identify a returned message: `basic.return` carries no tag.
        let exchange: String
        let routingKey: String
        let messageID: String?
        var isReturned = false
        var isSettled = false
    }

    private var entries: Deque<Entry> = []
    private var firstTag: UInt64 = 1
    /// The number of entries at the front that are past their deadline; their callers have their answer.
    private var overdue = 0

    /// The number of unconfirmed messages, including those past their deadline.
    var count: Int { self.entries.count }

    /// Whether any caller still waits.
    var hasWaiting: Bool { self.overdue < self.entries.count }

    /// Adds a message that is about to be sent.
    mutating func append(_ message: Outgoing, deadline: ContinuousClock.Instant, reply: Reply) {
        self.entries.append(
            Entry(
                reply: reply, deadline: deadline, exchange: message.exchange, routingKey: message.routingKey,
                messageID: message.properties.messageID))
    }

    /// Removes the last message, which could not be sent after all.
    mutating func removeLast(_ failure: PublishFailure) {
        self.tell(self.entries.count - 1, failure)
        self.entries.removeLast()
    }

    /// The broker confirmed (nil) or refused the message `tag`, or with `multiple` all up to it (0: all).
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

    /// Marks a message as returned: no queue takes it. The confirm that follows has no meaning then.
    ///
    /// The broker returns messages in the order of publishing, so among equal ones the first is meant.
    mutating func markReturned(exchange: String, routingKey: String, messageID: String?) {
        let index = self.entries.firstIndex {
            !$0.isReturned && !$0.isSettled && $0.messageID == messageID && $0.routingKey == routingKey && $0.exchange == exchange
        }
        if let index { self.entries[index].isReturned = true }
    }

    /// Fails the messages whose deadline has passed.
    mutating func expire(_ now: ContinuousClock.Instant, as failure: PublishFailure) {
        while self.overdue < self.entries.count, self.entries[self.overdue].deadline <= now {
            self.tell(self.overdue, failure)
            self.overdue += 1
        }
    }

    /// Fails all messages, but keeps their tags: the confirms may still come.
    mutating func expireAll(as failure: PublishFailure) {
        while self.overdue < self.entries.count {
            self.tell(self.overdue, failure)
            self.overdue += 1
        }
    }

    /// The connection is lost, and the tags with it. Returned messages fail as unroutable, the others with `failure`.
    mutating func reset(_ failure: (_ exchange: String) -> PublishFailure) {
        for index in self.entries.indices { self.tell(index, failure(self.entries[index].exchange)) }
        self = ConfirmWindow()
    }

    /// The next deadline of a waiting caller.
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
