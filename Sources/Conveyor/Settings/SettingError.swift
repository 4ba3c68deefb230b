/// A setting that cannot be used. Ends the process with exit code 78 and the one line that it describes itself as.
///
/// It names the setting and what is wrong with it, never its value: a value may be a secret.
public struct SettingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The setting, e.g. `SECRET_KEY`.
    public let name: String
    /// What is wrong with it, as the rest of a sentence that begins with its name.
    public let reason: String

    /// A setting that cannot be used.
    public init(name: String, reason: String) {
        self.name = name
        self.reason = reason
    }

    /// One line.
    public var description: String { "\(self.name) \(self.reason)" }
}
