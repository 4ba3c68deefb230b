import EventThread
import Logging
import Synchronization

/// One connection to a server, lent by ``PostgresPool/withConnection(_:)``.
///
/// An actor on its pool's thread, which watches the socket between calls as well, so a lost server is noticed at once.
public actor PostgresConnection {
    nonisolated let eventSource: EventSource
    /// The pool's thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.eventSource.thread.asUnownedSerialExecutor() }

    let settings: ConnectionSettings
    /// The deadline of calls that set none.
    nonisolated let defaultTimeout: Duration?
    nonisolated let interrupt: Interrupt
    private let logger: Logger
    private let standing = Atomic(TransactionStatus.unknown.rawValue)
    private var onLost: (@Sendable (PostgresConnection) -> Void)?

    var handle: ConnectionHandle?
    var cancelHandle: CancelHandle?
    var descriptor: CInt = -1
    var prepared: [PreparedKey: PreparedStatement] = [:]
    /// The names of all statements that were prepared on this connection.
    var names: Set<String> = []
    /// The watch of the running call.
    var watch: CallWatch?
    /// The wait of the running call, if it waits.
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
    /// - Parameter onLost: called when the connection breaks between calls; a running call throws instead.
    func open(onLost: @escaping @Sendable (PostgresConnection) -> Void) async throws(PostgresError) {
        let handle = try await Dialler(self.settings, logger: self.logger).dial()
        self.descriptor = handle.descriptor()
        self.cancelHandle = handle.makeCancelHandle()
        self.handle = consume handle
        self.onLost = onLost
        self.publishStatus()
        self.eventSource.onTurn { [weak self] ready in self?.assumeIsolated { $0.turn(ready) } ?? .wait(.init()) }
    }

    /// Closes the connection in order. A second call does nothing.
    func close() {
        self.lose()
        self.eventSource.stop()
    }

    /// Frees a broken connection.
    func lose() {
        self.eventSource.onTurn(nil)
        self.handle = nil
        self.cancelHandle = nil
        self.descriptor = -1
        self.prepared = [:]
        self.names = []
        self.publishStatus()
        // Wakes a running call, which then sees the loss.
        self.waiter.take()?.resume(.readable)
    }

    /// The transaction status after the last call; `unknown` if the connection is not open.
    nonisolated var status: TransactionStatus {
        TransactionStatus(rawValue: self.standing.load(ordering: .acquiring)) ?? .unknown
    }

    func publishStatus() {
        self.standing.store((self.handle?.transactionStatus() ?? .unknown).rawValue, ordering: .releasing)
    }

    /// During a call, wakes it when it may go on. Between calls, reads notices and detects the end of the connection.
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
        // The call is already awake.
        guard self.watch == nil else { return .wait(.init()) }
        if !ready.isEmpty && self.handle != nil && !self.takeUnasked() {
            self.lose()
            self.onLost?(self)
        }
        return .wait(.init(descriptor: self.descriptor))
    }

    /// Reads unsolicited messages; false if the connection is broken.
    func takeUnasked() -> Bool {
        guard self.handle?.consumeInput() == true else { return false }
        // Parses the input: notices go to their receiver, and so does the last message of a server that shuts down.
        _ = self.handle?.isBusy()
        return self.handle?.isBroken() == false
    }
}
