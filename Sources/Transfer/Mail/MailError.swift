/// An e-mail that cannot be written: a value would break out of its header or its command.
public struct MailError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The name of the value, never the value itself.
    public let description: String

    init(_ description: String) { self.description = description }
}
