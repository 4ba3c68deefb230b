import ArgumentParser
import Conveyor
import Postgres
import Topology

/// `conveyor migrate`
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Apply the database migrations.")

    @OptionGroup var options: PartOptions
    @Flag(help: "Only list the migrations and their state. Exit 1 if one is not applied.") var status = false

    func run() async throws {
        try await Desk.open(self.options) { desk in
            try await desk.withDatabase { pool in
                let migrator = Migrator(pool: pool)
                let migrations = Topology.migrations.map { Migration(name: $0.name, sql: $0.sql) }
                if self.status {
                    let states = try await migrator.status(migrations)
                    for state in states { print("\(state.state.rawValue)\t\(state.name)") }
                    if states.contains(where: { $0.state != .applied }) { throw ExitCode(1) }
                } else {
                    _ = try await desk.actor(for: .administer, in: pool)
                    let applied = try await migrator.apply(migrations)
                    // A new worker comes without a migration.
                    for worker in Topology.workers { try await pool.query("select make_worker_role($1)", worker.name) }
                    print(applied.isEmpty ? "up to date" : "applied " + applied.joined(separator: ", "))
                }
            }
        }
    }
}
