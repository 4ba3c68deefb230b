import EventThread
import Logging
import Synchronization

/// One connection to a server, lent by ``PostgresPool/withConnection(_:)``.
///
/// An actor on its pool's thread, which watches the socket: also between calls, so a server that goes away is noticed at once.
public actor PostgresConnection {
    nonisolated let eventSource: EventSource
    /// The pool's thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.eventSource.thread.asUnownedSerialExecutor() }

    let settings: ConnectionSettings
    /// The deadline of calls that name none.
    nonisolated let defaultTimeout: Duration?
    nonisolated let interrupt: Interrupt
    private let logger: Logger
    private let standing = Atomic(TransactionStatus.unknown.rawValue)
    private var onLost: (@Sendable (PostgresConnection) -> Void)?

    var handle: ConnectionHandle?
    var cancelHandle: CancelHandle?
    var descriptor: CInt = -1
    var prepared: [PreparedKey: PreparedStatement] = [:]
    /// Names that were ever used on this connection.
    var names: Set<String> = []
    /// Of the call that is under way.
    var watch: CallWatch?
    /// What that call waits for, while it waits.
    var waiter: ServerWaiter?

    /// A connection that is not open yet.
    init(settings: ConnectionSettings, defaultTimeout: Duration?, thread: EventThread, logger: Logger) {
        self.settings = settings
        self.defaultTimeout = defaultTimeout
        self.logger = logger
        let eventSource = EventSource(name: "postgres", sharing: thread)
        self.eventSource = eventSource
        self.interrupt = Interrupt(eventSource)
    }

    // Isolated, so that PQfinish runs on the thread that the PGconn belongs to.
    isolated deinit { self.eventSource.stop() }

    /// Connects, once.
    ///
    /// - Parameter onLost: called when the connection breaks between calls; a call that is under way throws instead.
    func open(onLost: @escaping @Sendable (PostgresConnection) -> Void) async throws(PostgresError) {
        let handle = try await Dialler(self.settings, logger: self.logger).dial()
        self.descriptor = handle.descriptor()
        self.cancelHandle = handle.makeCancelHandle()
        self.handle = consume handle
        self.onLost = onLost
        self.publishStatus()
        self.eventSource.onTurn { [weak self] ready in self?.assumeIsolated { $0.turn(ready) } ?? .wait(.init()) }
    }

    /// Says good-bye to the server. Saying it twice is harmless.
    func close() {
        self.lose()
        self.eventSource.stop()
    }

    /// Frees what is left of the connection: it is of no use any more.
    func lose() {
        self.eventSource.onTurn(nil)
        self.handle = nil
        self.cancelHandle = nil
        self.descriptor = -1
        self.prepared = [:]
        self.names = []
        self.publishStatus()
        // A call that is under way finds out.
        self.waiter.take()?.resume(.readable)
    }

    /// Where the connection stands after its last call; `unknown` if it is not open.
    nonisolated var status: TransactionStatus {
        TransactionStatus(rawValue: self.standing.load(ordering: .acquiring)) ?? .unknown
    }

    func publishStatus() {
        self.standing.store((self.handle?.transactionStatus() ?? .unknown).rawValue, ordering: .releasing)
    }

    /// During a call: wakes it when it may go on. Between calls: takes notices, and notices the end.
    private func turn(_ ready: Readiness) -> EventThread.Turn {
        if let waiter = self.waiter {
            let remaining = waiter.deadline.map { ContinuousClock.now.duration(to: $0) }
            guard ready.isEmpty, !self.interrupt.take(), remaining.map({ $0 > .zero }) ?? true else {
                self.waiter = nil
                waiter.resume(ready)
                return .wait(.init())
            }
            return .wait(.init(descriptor: waiter.events.isEmpty ? -1 : self.descriptor, events: waiter.events, timeout: remaining))
        }
        // The call has been woken and goes on in a moment.
        guard self.watch == nil else { return .wait(.init()) }
        if !ready.isEmpty && self.handle != nil && !self.takeUnasked() {
            self.lose()
            self.onLost?(self)
        }
        return .wait(.init(descriptor: self.descriptor))
    }

    /// Reads what the server said without being asked; false if the connection is broken.
    func takeUnasked() -> Bool {
        guard self.handle?.consumeInput() == true else { return false }
        // Parses: notices go to their receiver, and so does the farewell of a server that shuts down.
        _ = self.handle?.isBusy()
        return self.handle?.isBroken() == false
    }
}
