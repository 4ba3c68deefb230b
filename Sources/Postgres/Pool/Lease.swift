import Synchronization

/// A caller's hold on a connection of the pool.
final class Lease: Sendable {
    private let pool: PostgresPool
    /// nil after the connection was given back.
    private let connection: Mutex<PostgresConnection?>

    init(_ pool: PostgresPool) async throws(PostgresError) {
        self.pool = pool
        self.connection = Mutex(try await pool.acquire())
    }

    /// Gives the connection back; the lease must not be used afterwards.
    func end() {
        guard let connection = self.connection.withLock({ $0.take() }) else { return }
        self.pool.release(connection)
    }

    /// The connection's transaction status after its last call.
    var status: TransactionStatus { self.connection.withLock { $0 }?.status ?? .unknown }

    /// - Parameter mayMove: whether the call may use another connection if this one is closed before anything was sent.
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
            // Each round uses up a dead idle connection, so the loop ends with a new one.
            self.end()
            let next = try await self.pool.acquire()
            self.connection.withLock { $0 = next }
        }
    }
}
