import Conveyor
import ConveyorTesting
import Fixtures
import Postgres
import Testing

/// Runs a worker's handlers with the worker's own role on a new database with the shop's schema, which is dropped afterwards.
func withHandlers(
    of worker: String, _ handlers: [any Handler], isolation: isolated (any Actor)? = #isolation, _ body: (HandlerHarness) async throws -> Void
) async throws {
    try await withDatabase { database in
        let pool = try PostgresPool(
            url: database.url(as: worker), size: 2, applicationName: "tests", statementTimeout: .seconds(30), acquireTimeout: .seconds(60),
            logger: .silent)
        do {
            try await body(HandlerHarness(queue: worker, handlers: HandlerRegistry(handlers), pool: pool))
            await pool.close()
        } catch {
            await pool.close()
            throw error
        }
    }
}
