/// The failure of a fixture.
public struct FixtureError: Error, CustomStringConvertible {
    /// The failure, with the end of a program's output where there is one.
    public let description: String

    /// - Parameter description: the failure.
    public init(_ description: String) { self.description = description }
}
