/// The state of one migration in the database.
public struct MigrationStatus: Sendable, Hashable {
    /// Whether and how a migration was applied.
    public enum State: String, Sendable, Hashable {
        /// Applied with the listed text.
        case applied
        /// Listed and not applied yet.
        case pending
        /// Applied with a different text.
        case changed
        /// Applied but not listed: a newer version was here.
        case unknown
    }

    /// The migration's name.
    public let name: String
    /// Whether and how it was applied.
    public let state: State
}
