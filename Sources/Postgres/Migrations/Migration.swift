/// A numbered SQL file: several statements, applied once, never changed afterwards.
public struct Migration: Sendable, Hashable {
    /// The file's name without its ending, e.g. `m0001_catalogue`; names sort in the order of their application.
    public let name: String
    /// The file's content.
    public let sql: String

    /// A migration from a file's name and content.
    public init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }
}

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
