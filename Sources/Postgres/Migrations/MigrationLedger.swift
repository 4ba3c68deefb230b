/// Compares the table `schema_migrations` with a program's list of migrations.
struct MigrationLedger {
    /// Name and checksum of the applied migrations, sorted by name.
    let applied: [(name: String, checksum: String)]

    /// - Throws: `unordered`
    static func checkOrder(_ migrations: [Migration]) throws(MigrationError) {
        for (earlier, later) in zip(migrations, migrations.dropFirst()) where earlier.name >= later.name { throw .unordered(later.name) }
    }

    func status(of migrations: [Migration]) -> [MigrationStatus] {
        let checksums = Dictionary(uniqueKeysWithValues: self.applied.map { ($0.name, $0.checksum) })
        let listed = migrations.map { migration in
            let state: MigrationStatus.State =
                switch checksums[migration.name] {
                case nil: .pending
                case migration.checksum: .applied
                default: .changed
                }
            return MigrationStatus(name: migration.name, state: state)
        }
        let names = Set(migrations.map(\.name))
        return listed + self.applied.filter { !names.contains($0.name) }.map { MigrationStatus(name: $0.name, state: .unknown) }
    }

    /// The migrations to apply, in order.
    ///
    /// - Throws: `changed`, `unknown`, `outOfOrder`
    func pending(of migrations: [Migration]) throws(MigrationError) -> [Migration] {
        let statuses = self.status(of: migrations)
        if let changed = statuses.first(where: { $0.state == .changed }) { throw .changed(changed.name) }
        if let unknown = statuses.first(where: { $0.state == .unknown }) { throw .unknown(unknown.name) }
        let pending = migrations.dropFirst(self.applied.count)
        // All applied migrations are listed, so a pending one among the first of the list was inserted later.
        if let gap = statuses.prefix(self.applied.count).first(where: { $0.state == .pending }) { throw .outOfOrder(gap.name) }
        return Array(pending)
    }
}
