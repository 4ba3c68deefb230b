import DequeModule

/// Messages that the connection has taken from the mailbox and not yet sent, in order. Used on the connection's thread only.
struct Backlog {
    private struct Entry {
        let submission: Submission
        /// Set if the messages are a batch.
        let reply: BatchReply?
        var next = 0

        var count: Int {
            switch self.submission.caller {
            case .single: 1
            case .batch(let messages, _): messages.count
            }
        }
    }

    private var entries: Deque<Entry> = []

    var hasMessages: Bool { !self.entries.isEmpty }

    mutating func append(_ submissions: [Submission]) {
        for submission in submissions {
            switch submission.caller {
            case .single: self.entries.append(Entry(submission: submission, reply: nil))
            case .batch(let messages, let continuation):
                self.entries.append(Entry(submission: submission, reply: BatchReply(count: messages.count, continuation: continuation)))
            }
        }
    }

    /// Takes the next message.
    mutating func next() -> (message: Outgoing, deadline: ContinuousClock.Instant, reply: Reply)? {
        guard let first = self.entries.first else { return nil }
        switch first.submission.caller {
        case .single(let message, let continuation):
            self.entries.removeFirst()
            return (message, first.submission.deadline, .single(continuation))
        case .batch(let messages, _):
            guard let reply = first.reply else { return nil }
            if first.next + 1 == messages.count { self.entries.removeFirst() } else { self.entries[0].next += 1 }
            return (messages[first.next], first.submission.deadline, .part(reply, index: first.next))
        }
    }

    /// Fails the messages whose deadline has passed.
    mutating func expire(_ now: ContinuousClock.Instant, as failure: PublishFailure) {
        while let first = self.entries.first, first.submission.deadline <= now { self.failFirst(failure) }
    }

    /// Fails all messages.
    mutating func failAll(_ failure: PublishFailure) {
        while !self.entries.isEmpty { self.failFirst(failure) }
    }

    /// The deadline of the first message.
    var nextDeadline: ContinuousClock.Instant? { self.entries.first?.submission.deadline }

    private mutating func failFirst(_ failure: PublishFailure) {
        let entry = self.entries.removeFirst()
        switch entry.submission.caller {
        case .single(_, let continuation): continuation.resume(returning: failure)
        case .batch: for index in entry.next..<entry.count { entry.reply?.resume(failure, at: index) }
        }
    }
}
