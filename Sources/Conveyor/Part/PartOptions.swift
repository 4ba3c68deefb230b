public import ArgumentParser
import Logging

/// The options of every executable.
public struct PartOptions: ParsableArguments, Sendable {
    /// Files of settings; later ones win.
    @Option(
        name: .customLong("env-file"), help: ArgumentHelp("A file of NAME=value settings; the environment wins. May be repeated.", valueName: "file"))
    public var envFiles: [String] = []

    /// Wins over `LOG_LEVEL`.
    @Option(name: .customLong("log-level"), help: ArgumentHelp("Wins over LOG_LEVEL.", valueName: "level"))
    public var logLevel: String?

    /// The options, not given.
    public init() {}

    /// Refuses an unknown level as wrong usage (64).
    public func validate() throws {
        if let logLevel, Logger.Level(rawValue: logLevel) == nil {
            throw ValidationError("--log-level must be one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
        }
    }
}
