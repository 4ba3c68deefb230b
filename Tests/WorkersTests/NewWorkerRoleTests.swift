import Conveyor
import ConveyorTesting
import Fixtures
import Postgres
import Testing

/// The database role of a worker that no migration names.
@Suite struct NewWorkerRoleTests {
    private struct Note: Command {
        static let type = "novelties.note"
        var text: String
    }

    private struct NoteHandler: MessageHandler {
        func handle(_ message: Received<Note, Void>, in transaction: Transaction) async throws -> Reply { .done() }
    }

    @Test func `the role of a new worker may do what every worker does with the machinery's tables, and no more`() async throws {
        try await withDatabase { database in
            try await database.psql("select make_worker_role('novelties'), make_worker_role('novelties'); alter role conveyor_novelties login")
            let pool = try PostgresPool(url: database.url(as: "novelties"), size: 2, applicationName: "tests", statementTimeout: nil, logger: .silent)
            do {
                let worker = HandlerHarness(queue: "novelties", handlers: HandlerRegistry([NoteHandler()]), pool: pool)
                let message = SentMessage(Note(text: "new"))
                #expect(try await worker.take([message])[0].reply.emits.isEmpty)
                guard case .known = try await worker.take([message])[0] else { throw FixtureError("it was handled twice") }
                for table in ["users", "orders", "dead_letters", "audit_log", "people"] {
                    await #expect(throws: PostgresError.self, "\(table)") { try await pool.query(Statement("select 1 from \(table)")) }
                }
                await pool.close()
            } catch {
                await pool.close()
                throw error
            }
        }
    }

    @Test func `the role of all workers has what the newest worker's own role was given of the machinery`() async throws {
        try await withDatabase { database in
            let grants = """
                select table_name, privilege_type, column_name from information_schema.column_privileges
                where table_schema = 'public' and table_name in
                    ('inbox', 'attempts', 'calls', 'queue_controls', 'skips', 'running', 'schedules', 'schema_migrations') and grantee =
                """
            let worker = try await database.psql("\(grants) 'conveyor_webhooks' except \(grants) 'conveyor_worker'")
            #expect(worker == [])
            #expect(try await !database.psql("\(grants) 'conveyor_worker'").isEmpty)
        }
    }
}
