/// A setting: a name in the environment or in an `--env-file`, and its meaning.
///
/// Read by its name: `settings.require("DATABASE_URL")`. Conveyor declares its own settings, and an application the others
/// (``ConveyorApplication/settings``), so that `--help` and the defaults know all of them.
public struct Setting: Sendable, ExpressibleByStringLiteral {
    /// The name in the environment.
    public let name: String
    /// The default, unless the reader passes its own.
    public let defaultValue: String?
    /// Its meaning, in one line.
    public let meaning: String
    /// The processes that read it.
    public let readers: Readers
    /// Whether its value is secret, so never shown.
    public let isSecret: Bool

    /// The kinds of processes that read a setting. An application names its own: each kind of worker, and each other kind, is one bit.
    public struct Readers: OptionSet, Sendable {
        /// Bits 0 to 15 are kinds of workers, 16 to 30 an application's other kinds of processes.
        public let rawValue: UInt32
        /// The operator's command line, console and recorder.
        public static let `operator` = Self(rawValue: 1 << 31)
        /// Every worker.
        public static let workers = Self(rawValue: 0xffff)
        /// Every process.
        public static let all = Self(rawValue: .max)

        /// An application's kind of worker, 0 to 15.
        public init(worker number: Int) { self.rawValue = 1 << UInt32(min(max(number, 0), 15)) }
        /// An application's other kind of process, 0 to 14.
        public init(other number: Int) { self.rawValue = 1 << UInt32(16 + min(max(number, 0), 14)) }
        /// The processes with these bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }
    }

    /// Declares a setting.
    /// - Parameters:
    ///   - readers: the kinds of processes that read it.
    ///   - isSecret: whether its value is never shown.
    ///   - meaning: its meaning, in one line.
    public init(_ name: String, _ readers: Readers, default defaultValue: String? = nil, secret isSecret: Bool = false, _ meaning: String) {
        self.name = name
        self.readers = readers
        self.defaultValue = defaultValue
        self.isSecret = isSecret
        self.meaning = meaning
    }

    /// Names a setting; the ``Settings`` look up its declaration.
    public init(stringLiteral name: String) { self.init(name, .all, "") }
}

extension ConveyorApplication {
    /// The settings of some processes as a table, for `--help`.
    public func help(for readers: Setting.Readers) -> String {
        let settings = self.allSettings.filter { !$0.readers.isDisjoint(with: readers) }
        let width = settings.map(\.name.count).max() ?? 0
        let lines = settings.map { setting in
            let padding = String(repeating: " ", count: width - setting.name.count)
            let defaultValue = setting.defaultValue.map { " (default: \($0))" } ?? ""
            return "  \(setting.name)\(padding)  \(setting.meaning)\(defaultValue)"
        }
        return "Settings come from the environment, then from the --env-file; an empty value is none.\n\n" + lines.joined(separator: "\n")
    }
}
