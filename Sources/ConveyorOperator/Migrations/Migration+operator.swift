import Conveyor
import Postgres

extension Migration {
    /// The tables of the command line, the recorder and the console, beside those of Conveyor (``Migration/machinery``).
    static let operation: [Migration] = [
        Migration(name: "o0001_operators", sql: String(decoding: PackageResources.o0001_operators_sql, as: UTF8.self))
    ]
}

extension OperatorApplication {
    /// All migrations of its database, in order, each with the ledger that records it.
    var migrations: [(ledger: Migrator.Ledger, migrations: [Migration])] {
        let own = (ledger: Migrator.Ledger.application, migrations: self.conveyor.migrations)
        return self.createsAllTables ? [own] : [(.machinery, Migration.machinery), (.operation, Migration.operation), own]
    }
}
