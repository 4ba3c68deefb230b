import Configuration
import FoundationEssentials

/// The settings of a process: the environment wins over the files of `--env-file`, and a later file over an earlier one.
///
/// An empty setting counts as not set; in the environment it also hides the files' value.
/// Without a value the call's `default:` applies, else the declared default.
public struct Settings: Sendable {
    private let reader: ConfigReader
    /// The declarations, by name.
    private let declared: [String: Setting]

    /// Settings from these values.
    /// - Parameter application: the application whose settings are known besides Conveyor's; nil for Conveyor's only.
    public init(environment: [String: String], file: [String: String] = [:], of application: ConveyorApplication? = nil) {
        self.init([environment, file], declared: application?.allSettings ?? Setting.machinery)
    }

    /// - Parameter sources: in the order of priority.
    private init(_ sources: [[String: String]], declared: [Setting]) {
        self.declared = Dictionary(declared.map { ($0.name, $0) }) { $1 }
        let secrets = SecretsSpecifier<String, String>.specific(Set(declared.filter(\.isSecret).map(\.name)))
        self.reader = ConfigReader(
            providers: sources.map { EnvironmentVariablesProvider(environmentVariables: $0, secretsSpecifier: secrets) })
    }

    /// The settings of this process.
    /// - Parameter envFiles: files of `NAME=value` lines; if empty, the file in `CONVEYOR_ENV_FILE`.
    /// - Throws: if a file cannot be read, a line is malformed, a secret is too weak or a connection too open for the environment, or a setting of
    ///   all processes is malformed.
    public static func load(envFiles: [String] = [], of application: ConveyorApplication) throws(SettingError) -> Settings {
        let environment = ProcessInfo.processInfo.environment
        var sources = [environment]
        var envFiles = envFiles
        // So that printed commands can be typed unchanged.
        if envFiles.isEmpty, let path = environment["CONVEYOR_ENV_FILE"], !path.isEmpty { envFiles = [path] }
        for path in envFiles.reversed() { sources.append(try EnvironmentFile(path: path).values) }
        let settings = Settings(sources, declared: application.allSettings)
        try settings.check(for: application)
        return settings
    }

    /// Refuses settings with which no process of the application may start.
    func check(for application: ConveyorApplication) throws(SettingError) {
        try self.refuseWeakSecrets()
        try application.checkSettings(self)
        try self.refuseOpenDoors()
        try self.refuseMalformed()
    }

    /// The declaration of a setting.
    /// - Precondition: it is declared; a setting that `--help` does not know is a programming error.
    private func declaration(of setting: Setting) -> Setting {
        guard let declared = self.declared[setting.name] else {
            preconditionFailure("\(setting.name) is read and not declared: add it to the settings of the ConveyorApplication")
        }
        return declared
    }

    /// The given value, without any default.
    func given(_ setting: Setting) -> String? {
        guard let value = self.reader.string(forKey: ConfigKey([setting.name])), !value.isEmpty else { return nil }
        return value
    }

    /// Whether a value is given.
    public func isSet(_ setting: Setting) -> Bool { self.given(setting) != nil }

    /// The value, or the documented default, or nil.
    public func string(_ setting: Setting) -> String? { self.given(setting) ?? self.declaration(of: setting).defaultValue }

    /// The value, or the given default.
    public func string(_ setting: Setting, default defaultValue: String) -> String { self.given(setting) ?? defaultValue }

    /// The value, or the documented default.
    /// - Throws: if it has neither.
    public func require(_ setting: Setting) throws(SettingError) -> String {
        guard let value = self.string(setting) else { throw SettingError(name: setting.name, reason: "is not set") }
        return value
    }
}
