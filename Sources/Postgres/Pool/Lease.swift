import Synchronization

/// One caller's hold of a connection of the pool.
final class Lease: Sendable {
    private let pool: PostgresPool
    /// nil once it is given back.
    private let connection: Mutex<PostgresConnection?>

    init(_ pool: PostgresPool) async throws(PostgresError) {
        self.pool = pool
        self.connection = Mutex(try await pool.acquire())
    }

    /// Gives the connection back; nothing may run on the lease afterwards.
    func end() {
        guard let connection = self.connection.withLock({ $0.take() }) else { return }
        self.pool.release(connection)
    }

    /// Where the connection stands after its last call.
    var status: TransactionStatus { self.connection.withLock { $0 }?.status ?? .unknown }

    /// - Parameter mayMove: whether another connection is as good, if this one turns out to be closed before anything is sent.
    func run(
        _ calls: [Call], timeout: Duration?, commits: Bool, mayMove: Bool, isShielded: Bool = false
    ) async throws(PostgresError) -> [Rows] {
        while true {
            guard let connection = self.connection.withLock({ $0 }) else { throw .poolClosed }
            do throws(PostgresError) {
                return try await connection.call(calls, timeout: timeout, commits: commits, isShielded: isShielded)
            } catch {
                guard mayMove, error.isConnectionLost, !error.wasSent else { throw error }
            }
            // Each turn uses up a connection that was idle and dead, so it ends with a new one.
            self.end()
            let next = try await self.pool.acquire()
            self.connection.withLock { $0 = next }
        }
    }
}
