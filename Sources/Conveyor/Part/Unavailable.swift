/// The broker or the database stayed unreachable for `START_TIMEOUT`. Ends the process with exit code 69 and one line.
public struct Unavailable: Error, Sendable, Equatable, CustomStringConvertible {
    /// The unreachable service and the error, e.g. `broker: connection refused`; never a password.
    public let description: String

    /// A service that the process needs to start is unavailable.
    public init(_ description: String) { self.description = description }
}
