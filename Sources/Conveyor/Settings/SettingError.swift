/// A setting that cannot be used. Ends the process with exit status 78 and its description in one line.
///
/// It names the setting and the fault, never the value, which may be a secret.
public struct SettingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The setting, e.g. `SECRET_KEY`.
    public let name: String
    /// The fault, as the rest of a sentence that begins with the name.
    public let reason: String

    /// A setting that cannot be used.
    public init(name: String, reason: String) {
        self.name = name
        self.reason = reason
    }

    /// One line.
    public var description: String { "\(self.name) \(self.reason)" }
}
