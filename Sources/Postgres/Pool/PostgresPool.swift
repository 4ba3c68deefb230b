public import EventThread
public import Logging
public import ServiceLifecycle
import Synchronization

/// A few connections to one database, on one thread.
///
/// Connections are opened on demand, or all at once by ``run()``. The pool replaces broken ones; while it can open none, calls
/// throw `unreachable` at once instead of waiting.
public final class PostgresPool: Sendable, Service {
    /// The number of connections in each state, and of waiting callers.
    public struct Counts: Sendable, Hashable {
        /// Open and free.
        public var idle = 0
        /// Lent.
        public var used = 0
        /// Being opened.
        public var connecting = 0
        /// Callers that wait for a connection.
        public var waiting = 0
    }

    /// The time that the client waits beyond the server's own timeout before it abandons the call.
    private static let statementGrace = Duration.seconds(1)
    /// The interval between checks of idle connections, which detect a frozen server without a call.
    private static let pingInterval = Duration.seconds(5)
    private static let pingTimeout = Duration.seconds(2)

    private let settings: ConnectionSettings
    private let defaultTimeout: Duration?
    private let acquireTimeout: Duration
    private let logger: Logger
    private let thread: EventThread
    private let ownsThread: Bool
    private let state: Mutex<PoolState>
    /// Whether a task is watching the waiters' deadlines.
    private let isExpiring = Atomic(false)

    /// A pool of up to `size` connections; nothing is opened before the first call or ``run()``.
    ///
    /// - Parameters:
    ///   - url: a libpq URI or connection string; it may name several hosts, TLS and `options`.
    ///   - applicationName: shown in `pg_stat_activity`, unless the URL sets one.
    ///   - statementTimeout: after which the server cancels a statement; a second later the client gives the call up, and after another
    ///     second the connection.
    ///   - lockTimeout: after which the server cancels a statement that waits for a lock (55P03); nil for no limit.
    ///   - acquireTimeout: how long a call waits for a free connection before it throws `poolExhausted`.
    ///   - thread: runs the connections, and others beside them; nil for a thread of their own.
    /// - Throws: `invalidURL`.
    public init(
        url: String, size: Int, applicationName: String, statementTimeout: Duration?, lockTimeout: Duration? = nil,
        acquireTimeout: Duration = .seconds(5),
        thread: EventThread? = nil,
        logger: Logger
    ) throws(PostgresError) {
        precondition(size > 0, "a pool has at least one connection")
        self.settings = try ConnectionSettings(
            url: url, applicationName: applicationName, statementTimeout: statementTimeout, lockTimeout: lockTimeout)
        self.defaultTimeout = statementTimeout.map { $0 + Self.statementGrace }
        self.acquireTimeout = acquireTimeout
        self.ownsThread = thread == nil
        self.thread = thread ?? EventThread(name: "postgres")
        self.logger = logger
        self.state = Mutex(PoolState(size: size))
    }

    /// Checks whether libpq accepts the URL.
    /// - Throws: `invalidURL`; its message contains nothing of the URL.
    public static func check(url: String) throws(PostgresError) {
        _ = try ConnectionSettings(url: url, applicationName: "", statementTimeout: nil)
    }

    deinit {
        let (idle, _) = self.state.withLock { $0.close() }
        for connection in idle { Task { await connection.close() } }
        if self.ownsThread { self.thread.stop() }
    }

    /// Opens all connections and keeps them open, until graceful shutdown or cancellation; then closes them.
    public func run() async throws {
        self.state.withLock { $0.isKeptOpen = true }
        // Ends when it is cancelled.
        try? await cancelWhenGracefulShutdown {
            while true {
                self.openMissing()
                await self.pingIdle()
                try await Task.sleep(for: .seconds(1))
            }
        }
        await self.close()
    }

    /// Closes idle connections now and lent ones when they come back; later calls throw `closed`.
    public func close() async {
        let (idle, waiters) = self.state.withLock { $0.close() }
        for waiter in waiters { waiter.answer(.failure(.poolClosed)) }
        for connection in idle { await connection.close() }
    }

    /// Whether a connection is open.
    public var isReachable: Bool { self.state.withLock { $0.open > 0 } }

    /// The connections and waiters at this moment.
    public var counts: Counts {
        self.state.withLock { Counts(idle: $0.idle.count, used: $0.used, connecting: $0.connecting, waiting: $0.waiters.count) }
    }

    /// Waits until a connection is open, and opens one if necessary.
    ///
    /// - Throws: the last connection error when `timeout` has passed.
    public func waitUntilReachable(timeout: Duration) async throws(PostgresError) {
        let deadline = ContinuousClock.now + timeout
        var count = 0
        while true {
            do throws(PostgresError) {
                self.release(try await self.acquire())
                return
            } catch {
                count += 1
                let delay = Backoff.delay(after: count)
                guard error.isRetriable, .now + delay < deadline else { throw error }
                do { try await Task.sleep(for: delay) } catch { throw PostgresError(.cancelled, "cancelled while waiting for the server") }
            }
        }
    }
}

// MARK: - Lending

extension PostgresPool {
    func acquire() async throws(PostgresError) -> PostgresConnection {
        if let connection = self.state.withLock({ $0.take() }) { return connection }
        let waiter = Waiter(deadline: .now + self.acquireTimeout)
        switch self.state.withLock({ $0.ask(waiter, now: .now) }) {
        case .connection(let connection): return connection
        case .refused(let error): throw error
        case .wait(let opening): self.open(opening)
        }
        self.expireWaiters()
        return try await withTaskCancellationHandler {
            await waiter.wait()
        } onCancel: {
            guard self.state.withLock({ $0.leave(waiter) }) else { return }
            waiter.answer(.failure(PostgresError(.cancelled, "cancelled while waiting for a connection", wasSent: false)))
        }.get()
    }

    /// Takes a connection back and gives it to the longest waiter, or keeps it idle. One that is broken, or in a transaction, is replaced.
    func release(_ connection: PostgresConnection) {
        guard connection.status == .idle, !self.state.withLock({ $0.isClosed }) else {
            let desperate = self.state.withLock { $0.dropUsed() }
            self.refuse(desperate)
            self.openMissing()
            Task { await connection.close() }
            return
        }
        self.state.withLock { $0.release(connection, now: .now) }?.answer(.success(connection))
    }

    private func refuse(_ waiters: [Waiter]) {
        guard let error = self.state.withLock({ $0.failure?.error }) else { return }
        for waiter in waiters { waiter.answer(.failure(error)) }
    }

    /// Ends waits at their deadline: one task for all waiters, which runs only while there are any.
    private func expireWaiters() {
        guard !self.isExpiring.exchange(true, ordering: .acquiringAndReleasing) else { return }
        Task {
            while let next = self.state.withLock({ $0.waiters.first?.deadline }) {
                try? await Task.sleep(until: next)
                for waiter in self.state.withLock({ $0.expire(now: .now) }) {
                    waiter.answer(.failure(PostgresError(.poolExhausted, "no connection became free in time", wasSent: false)))
                }
            }
            self.isExpiring.store(false, ordering: .releasing)
            // A waiter may have joined since the last check.
            if self.state.withLock({ !$0.waiters.isEmpty }) { self.expireWaiters() }
        }
    }
}

// MARK: - Opening

extension PostgresPool {
    private func openMissing() { self.open(self.state.withLock { $0.opening(.now) }) }

    private func open(_ count: Int) {
        for _ in 0..<count { Task { await self.openOne() } }
    }

    private func openOne() async {
        let connection = PostgresConnection(
            settings: self.settings, defaultTimeout: self.defaultTimeout, thread: self.thread, logger: self.logger)
        do throws(PostgresError) {
            try await connection.open { [weak self] in self?.lost($0) }
            let wasFailing = self.state.withLock { $0.failure != nil }
            guard self.state.withLock({ $0.opened() }) else { return await connection.close() }
            if wasFailing { self.logger.info("the database can be reached again") }
            self.release(connection)
        } catch {
            await connection.close()
            let (count, delay, desperate) = self.failed(error)
            // One warning per outage: the pool tries every few seconds.
            self.logger.log(level: count == 1 ? .warning : .debug, "the database cannot be reached", metadata: ["error": "\(error)"])
            for waiter in desperate { waiter.answer(.failure(error)) }
            try? await Task.sleep(for: delay)
        }
        self.openMissing()
    }

    private func failed(_ error: PostgresError) -> (count: Int, delay: Duration, desperate: [Waiter]) {
        self.state.withLock { state in
            var delay = Duration.zero
            let desperate = state.failed(error) { count in
                delay = Backoff.delay(after: count)
                return .now + delay
            }
            return (state.failure?.count ?? 0, delay, desperate)
        }
    }

    /// Removes an idle connection that broke.
    private func lost(_ connection: PostgresConnection) {
        guard self.state.withLock({ $0.dropIdle(connection) }) else { return }
        self.logger.info("the database closed a connection")
        Task { await connection.close() }
        self.openMissing()
    }

    private func pingIdle() async {
        let old = self.state.withLock { $0.takeIdle(since: .now - Self.pingInterval) }
        await withTaskGroup { group in
            for connection in old {
                group.addTask {
                    _ = try? await connection.call([], timeout: Self.pingTimeout, commits: false)
                    self.release(connection)
                }
            }
        }
    }
}
