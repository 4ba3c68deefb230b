/// The broker or the database stayed unreachable for `START_TIMEOUT`. Ends the process with exit code 69 and one line.
public struct Unavailable: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is unreachable and why, e.g. `broker: connection refused`; never a password.
    public let description: String

    /// Something without which the part cannot start.
    public init(_ description: String) { self.description = description }
}
