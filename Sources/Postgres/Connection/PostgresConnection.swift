import EventThread
import Logging
import Synchronization

/// One connection to a server, lent by ``PostgresPool/withConnection(_:)``.
///
/// An actor on a thread of its own: a call is one hop to it, and one round trip from there, during which the thread sleeps in poll(2).
/// Between calls the thread watches the socket, so a server that goes away is noticed at once.
public actor PostgresConnection {
    private let thread: EventThread
    /// The connection's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.thread.asUnownedSerialExecutor() }

    let settings: ConnectionSettings
    /// The deadline of calls that name none.
    nonisolated let defaultTimeout: Duration?
    nonisolated let interrupt = Interrupt()
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

    /// A connection that is not open yet.
    init(settings: ConnectionSettings, defaultTimeout: Duration?, logger: Logger) {
        self.settings = settings
        self.defaultTimeout = defaultTimeout
        self.logger = logger
        self.thread = EventThread(name: "postgres")
    }

    // Isolated, so that PQfinish runs on the thread that the PGconn belongs to.
    isolated deinit { self.thread.stop() }

    /// Connects, once; blocks this thread for up to `connect_timeout` a host.
    ///
    /// - Parameter onLost: called when the connection breaks between calls; a call that is under way throws instead.
    func open(onLost: @escaping @Sendable (PostgresConnection) -> Void) throws(PostgresError) {
        let handle = try ConnectionHandle(self.settings, logger: self.logger)
        self.descriptor = handle.descriptor()
        self.cancelHandle = handle.makeCancelHandle()
        self.handle = consume handle
        self.onLost = onLost
        self.publishStatus()
        self.thread.onTurn { [weak self] ready in self?.assumeIsolated { $0.turn(ready) } ?? .wait(.init()) }
    }

    /// Says good-bye to the server and ends the thread. Saying it twice is harmless.
    func close() {
        self.lose()
        self.thread.stop()
    }

    /// Frees what is left of the connection: it is of no use any more.
    func lose() {
        self.thread.onTurn(nil)
        self.handle = nil
        self.cancelHandle = nil
        self.descriptor = -1
        self.prepared = [:]
        self.names = []
        self.publishStatus()
    }

    /// Where the connection stands after its last call; `unknown` if it is not open.
    nonisolated var status: TransactionStatus {
        TransactionStatus(rawValue: self.standing.load(ordering: .acquiring)) ?? .unknown
    }

    func publishStatus() {
        self.standing.store((self.handle?.transactionStatus() ?? .unknown).rawValue, ordering: .releasing)
    }

    /// Between calls: takes notices, and notices the end.
    private func turn(_ ready: Readiness) -> EventThread.Turn {
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
