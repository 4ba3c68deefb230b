import EventThread
import Logging

/// Opens one connection on a short-lived thread: `PQconnectdb` blocks.
actor Dialler {
    private let thread = EventThread(name: "postgres-dial")
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.thread.asUnownedSerialExecutor() }

    private let settings: ConnectionSettings
    private let logger: Logger

    init(_ settings: ConnectionSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    /// Connects; takes up to `connect_timeout` per host.
    func dial() throws(PostgresError) -> sending ConnectionHandle {
        defer { self.thread.stop() }
        return try ConnectionHandle(self.settings, logger: self.logger)
    }
}
