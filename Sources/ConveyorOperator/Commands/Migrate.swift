import ArgumentParser
import Conveyor
import Postgres

/// `conveyor migrate`
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Apply the database migrations.")

    @OptionGroup var options: PartOptions
    @Flag(help: "Only list the migrations and their state. Exit 1 if one is not applied.") var status = false

    func run() async throws {
        try await CommandContext.open(self.options) { context in
            try await context.withDatabase { pool in
                let ledgers = context.application.migrations
                if self.status {
                    var states: [MigrationStatus] = []
                    for (ledger, migrations) in ledgers { states += try await Migrator(pool: pool, ledger: ledger).status(migrations) }
                    for state in states { print("\(state.state.rawValue)\t\(state.name)") }
                    if states.contains(where: { $0.state != .applied }) { throw ExitCode(1) }
                } else {
                    _ = try await context.actor(for: .administer, in: pool)
                    var applied: [String] = []
                    for (ledger, migrations) in ledgers { applied += try await Migrator(pool: pool, ledger: ledger).apply(migrations) }
                    try await context.application.afterMigrations(pool)
                    print(applied.isEmpty ? "up to date" : "applied " + applied.joined(separator: ", "))
                }
            }
        }
    }
}
