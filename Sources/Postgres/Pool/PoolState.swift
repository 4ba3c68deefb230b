import DequeModule

/// The pool's state machine: which connections are lent and which callers wait. It does no I/O and never waits.
struct PoolState {
    struct Idle {
        let connection: PostgresConnection
        let since: ContinuousClock.Instant
    }

    /// The last attempt to connect failed; the next one is due at `retry`.
    struct Failure {
        let error: PostgresError
        let count: Int
        let retry: ContinuousClock.Instant
    }

    /// The answer to a caller that asks for a connection.
    enum Answer {
        case connection(PostgresConnection)
        case refused(PostgresError)
        /// The caller has to wait; the pool opens this many connections meanwhile.
        case wait(opening: Int)
    }

    let size: Int
    /// Last in, first out: warm connections stay warm, and surplus ones show by their idle time.
    private(set) var idle: [Idle] = []
    private(set) var used = 0
    private(set) var connecting = 0
    private(set) var waiters: Deque<Waiter> = []
    private(set) var failure: Failure?
    private(set) var isClosed = false
    /// ``PostgresPool/run()`` opens missing connections, so callers need not start an attempt.
    var isKeptOpen = false

    init(size: Int) { self.size = size }

    /// The connections that are believed to work.
    var open: Int { self.idle.count + self.used }

    mutating func take() -> PostgresConnection? {
        guard !self.isClosed, let last = self.idle.popLast() else { return nil }
        self.used += 1
        return last.connection
    }

    /// Takes a connection or joins the queue.
    mutating func ask(_ waiter: Waiter, now: ContinuousClock.Instant) -> Answer {
        if self.isClosed { return .refused(.poolClosed) }
        if let connection = self.take() { return .connection(connection) }
        // While the server is unreachable, callers fail at once.
        if let failure, self.open == 0, self.isKeptOpen || now < failure.retry { return .refused(failure.error) }
        self.waiters.append(waiter)
        return .wait(opening: self.opening(now))
    }

    /// Takes a waiter out of the queue; false if it is no longer there.
    mutating func leave(_ waiter: Waiter) -> Bool {
        guard let index = self.waiters.firstIndex(where: { $0 === waiter }) else { return false }
        self.waiters.remove(at: index)
        return true
    }

    /// The waiters whose time is up.
    mutating func expire(now: ContinuousClock.Instant) -> [Waiter] {
        var expired: [Waiter] = []
        while let first = self.waiters.first, first.deadline <= now { expired.append(self.waiters.removeFirst()) }
        return expired
    }

    /// The number of connections to open now, which then count as connecting: one per waiter, or all missing ones if the pool is kept open, but only
    /// one after a failure.
    mutating func opening(_ now: ContinuousClock.Instant) -> Int {
        guard !self.isClosed else { return 0 }
        let missing = self.size - self.open - self.connecting
        let wanted = self.isKeptOpen ? missing : min(missing, self.waiters.count - self.connecting)
        let count = if let failure { now >= failure.retry && self.connecting == 0 ? min(1, wanted) : 0 } else { wanted }
        self.connecting += max(0, count)
        return max(0, count)
    }

    /// A connection was opened. Returns false if the pool has been closed meanwhile.
    mutating func opened() -> Bool {
        self.connecting -= 1
        self.failure = nil
        guard !self.isClosed else { return false }
        self.used += 1
        return true
    }

    /// An attempt failed. Returns the waiters that fail with it.
    mutating func failed(_ error: PostgresError, retry: (_ count: Int) -> ContinuousClock.Instant) -> [Waiter] {
        self.connecting -= 1
        let count = (self.failure?.count ?? 0) + 1
        self.failure = Failure(error: error, count: count, retry: retry(count))
        return self.desperate()
    }

    /// A connection comes back. Returns the waiter that gets it; nil if it is idle now.
    mutating func release(_ connection: PostgresConnection, now: ContinuousClock.Instant) -> Waiter? {
        if let waiter = self.waiters.popFirst() { return waiter }
        self.used -= 1
        self.idle.append(Idle(connection: connection, since: now))
        return nil
    }

    /// A lent connection is lost. Returns the waiters that fail with it.
    mutating func dropUsed() -> [Waiter] {
        self.used -= 1
        return self.desperate()
    }

    /// An idle connection is lost; false if it was not idle.
    mutating func dropIdle(_ connection: PostgresConnection) -> Bool {
        guard let index = self.idle.firstIndex(where: { $0.connection === connection }) else { return false }
        self.idle.remove(at: index)
        return true
    }

    /// Takes the connections that have been idle since `date`, to check them.
    mutating func takeIdle(since date: ContinuousClock.Instant) -> [PostgresConnection] {
        let old = self.idle.prefix { $0.since <= date }
        self.idle.removeFirst(old.count)
        self.used += old.count
        return old.map(\.connection)
    }

    mutating func close() -> (idle: [PostgresConnection], waiters: [Waiter]) {
        self.isClosed = true
        defer {
            self.idle = []
            self.waiters = []
        }
        return (self.idle.map(\.connection), Array(self.waiters))
    }

    /// Waiters that cannot get a connection: none is lent and none is being opened.
    private mutating func desperate() -> [Waiter] {
        guard self.failure != nil, self.open == 0, self.connecting == 0 else { return [] }
        defer { self.waiters = [] }
        return Array(self.waiters)
    }
}

extension PostgresError {
    static var poolClosed: PostgresError { PostgresError(.closed, "the pool is closed", wasSent: false) }
}
