/// Migrations could not be applied, or are not up to date.
public enum MigrationError: Error, Sendable, CustomStringConvertible {
    /// The names are not sorted; this one is in the wrong place.
    case unordered(String)
    /// Listed, and not applied yet.
    case pending([String])
    /// The file was changed after it had been applied.
    case changed(String)
    /// Listed before an applied migration, so it can no longer be applied in order.
    case outOfOrder(String)
    /// Applied but not listed: a newer version was here.
    case unknown(String)
    /// The file's SQL failed; nothing was applied.
    case failed(String, PostgresError)
    /// The file ends the transaction that all files are applied in.
    case endsTransaction(String)
    /// The database did not answer the question.
    case database(PostgresError)

    /// One line for people.
    public var description: String {
        switch self {
        case .unordered(let name): "migration \(name) does not sort behind the one before it"
        case .pending(let names): "migrations are not applied yet: \(names.joined(separator: ", "))"
        case .changed(let name): "migration \(name) was changed after it had been applied"
        case .outOfOrder(let name): "migration \(name) comes before one that is applied already"
        case .unknown(let name): "migration \(name) was applied by a newer program"
        case .failed(let name, let error): "migration \(name) failed: \(error)"
        case .endsTransaction(let name): "migration \(name) has a COMMIT or ROLLBACK of its own"
        case .database(let error): "the database could not be asked for its migrations: \(error)"
        }
    }
}
