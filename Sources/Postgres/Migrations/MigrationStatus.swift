/// What the database knows of a migration.
public struct MigrationStatus: Sendable, Hashable {
    /// Whether and how a migration was applied.
    public enum State: String, Sendable, Hashable {
        /// As listed.
        case applied
        /// Listed and not applied yet.
        case pending
        /// Applied from a text that was another.
        case changed
        /// Applied and not listed: by a newer program.
        case unknown
    }

    /// The migration's name.
    public let name: String
    /// What became of it.
    public let state: State
}
