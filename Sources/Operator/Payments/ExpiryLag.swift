import Conveyor
import ConveyorOperator
import Logging
import Postgres
import ServiceLifecycle

/// Measures how late orders expire. In the recorder and not in the sweep itself: the lag must show when no sweep runs.
struct ExpiryLag: Service {
    let pool: PostgresPool
    let logger: Logger

    private static let lag: Statement = """
        select coalesce(extract(epoch from now() - min(due_at)), 0)::float8 from payment_deadlines where due_at < now()
        """

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    let rows = try await self.pool.query(Self.lag)
                    if let seconds = try rows.first?[0, as: Double.self] { Metrics.expiryLag(seconds: seconds) }
                } catch {
                    self.logger.warning("payment deadlines: \(error)")
                }
                do { try await Task.sleep(for: .seconds(5)) } catch { return }
            }
        }
    }
}
