import Configuration
import FoundationEssentials

/// The settings of a process: the environment wins over the files of `--env-file`, a later file over an earlier one.
///
/// A setting that is there but empty counts as not set; in the environment it also hides what the files say.
/// Without a value the `default:` of the call counts (a part's own), else the one that ``Setting`` documents.
public struct Settings: Sendable {
    private let reader: ConfigReader
    /// What is declared, by name.
    private let declared: [String: Setting]

    /// Settings from these values.
    /// - Parameter application: whose settings may be read beside the machinery's; nil: the machinery's alone.
    public init(environment: [String: String], file: [String: String] = [:], of application: ConveyorApplication? = nil) {
        self.init([environment, file], declared: application?.allSettings ?? Setting.machinery)
    }

    /// - Parameter sources: those that win first.
    private init(_ sources: [[String: String]], declared: [Setting]) {
        self.declared = Dictionary(declared.map { ($0.name, $0) }) { $1 }
        let secrets = SecretsSpecifier<String, String>.specific(Set(declared.filter(\.isSecret).map(\.name)))
        self.reader = ConfigReader(
            providers: sources.map { EnvironmentVariablesProvider(environmentVariables: $0, secretsSpecifier: secrets) })
    }

    /// The settings of this process.
    /// - Parameter envFiles: files of `NAME=value` lines; that of `CONVEYOR_ENV_FILE` if there are none.
    /// - Throws: a file cannot be read, a line is not of that form, a secret is too weak or a connection too open for the environment, or what every part reads is
    ///   malformed.
    public static func load(envFiles: [String] = [], of application: ConveyorApplication) throws(SettingError) -> Settings {
        let environment = ProcessInfo.processInfo.environment
        var sources = [environment]
        var envFiles = envFiles
        // So that the commands that the command line prints can be typed as they are.
        if envFiles.isEmpty, let path = environment["CONVEYOR_ENV_FILE"], !path.isEmpty { envFiles = [path] }
        for path in envFiles.reversed() { sources.append(try EnvironmentFile(path: path).values) }
        let settings = Settings(sources, declared: application.allSettings)
        try settings.check(for: application)
        return settings
    }

    /// Refuses what no process of an application may be started with.
    func check(for application: ConveyorApplication) throws(SettingError) {
        try self.refuseWeakSecrets()
        try application.checkSettings(self)
        try self.refuseOpenDoors()
        try self.refuseMalformed()
    }

    /// What is declared of a setting.
    /// - Precondition: it is declared; a setting that `--help` does not know is a programmer's error.
    private func declaration(of setting: Setting) -> Setting {
        guard let declared = self.declared[setting.name] else {
            preconditionFailure("\(setting.name) is read and not declared: add it to the settings of the ConveyorApplication")
        }
        return declared
    }

    /// What is set, without any default.
    func given(_ setting: Setting) -> String? {
        guard let value = self.reader.string(forKey: ConfigKey([setting.name])), !value.isEmpty else { return nil }
        return value
    }

    /// Whether a value is given.
    public func isSet(_ setting: Setting) -> Bool { self.given(setting) != nil }

    /// The value, or the documented default, or nil.
    public func string(_ setting: Setting) -> String? { self.given(setting) ?? self.declaration(of: setting).defaultValue }

    /// The value, or this default.
    public func string(_ setting: Setting, default defaultValue: String) -> String { self.given(setting) ?? defaultValue }

    /// The value, or the documented default.
    /// - Throws: it has neither.
    public func require(_ setting: Setting) throws(SettingError) -> String {
        guard let value = self.string(setting) else { throw SettingError(name: setting.name, reason: "is not set") }
        return value
    }
}
