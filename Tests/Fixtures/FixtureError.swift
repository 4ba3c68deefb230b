/// What a fixture could not do.
public struct FixtureError: Error, CustomStringConvertible {
    /// What went wrong, with the end of a program's output where there is one.
    public let description: String

    /// - Parameter description: what went wrong.
    public init(_ description: String) { self.description = description }
}
