import Configuration
import FoundationEssentials

/// The settings of a process: the environment wins over the files of `--env-file`, a later file over an earlier one.
///
/// A setting that is there but empty counts as not set; in the environment it also hides what the files say.
/// Without a value the `default:` of the call counts (a part's own), else the one that ``Setting`` documents.
public struct Settings: Sendable {
    private let reader: ConfigReader

    /// Settings from these values.
    public init(environment: [String: String], file: [String: String] = [:]) {
        self.init([environment, file])
    }

    /// - Parameter sources: those that win first.
    private init(_ sources: [[String: String]]) {
        let secrets = SecretsSpecifier<String, String>.specific(Set(Setting.all.filter(\.isSecret).map(\.name)))
        self.reader = ConfigReader(
            providers: sources.map { EnvironmentVariablesProvider(environmentVariables: $0, secretsSpecifier: secrets) })
    }

    /// The settings of this process.
    /// - Parameter envFiles: files of `NAME=value` lines; that of `CONVEYOR_ENV_FILE` if there are none.
    /// - Throws: a file cannot be read, a line is not of that form, a secret is too weak or a connection too open for the environment, or what every part reads is
    ///   malformed.
    public static func load(envFiles: [String] = []) throws(SettingError) -> Settings {
        let environment = ProcessInfo.processInfo.environment
        var sources = [environment]
        var envFiles = envFiles
        // So that the commands that the command line prints can be typed as they are.
        if envFiles.isEmpty, let path = environment["CONVEYOR_ENV_FILE"], !path.isEmpty { envFiles = [path] }
        for path in envFiles.reversed() { sources.append(try EnvironmentFile(path: path).values) }
        let settings = Settings(sources)
        try settings.refuseWeakSecrets()
        try settings.refuseOpenDoors()
        try settings.refuseMalformed()
        return settings
    }

    /// What is set, without any default.
    func given(_ setting: Setting) -> String? {
        guard let value = self.reader.string(forKey: ConfigKey([setting.name])), !value.isEmpty else { return nil }
        return value
    }

    /// Whether a value is given.
    public func isSet(_ setting: Setting) -> Bool { self.given(setting) != nil }

    /// The value, or the documented default, or nil.
    public func string(_ setting: Setting) -> String? { self.given(setting) ?? setting.defaultValue }

    /// The value, or this default.
    public func string(_ setting: Setting, default defaultValue: String) -> String { self.given(setting) ?? defaultValue }

    /// The value, or the documented default.
    /// - Throws: it has neither.
    public func require(_ setting: Setting) throws(SettingError) -> String {
        guard let value = self.string(setting) else { throw SettingError(name: setting.name, reason: "is not set") }
        return value
    }
}
