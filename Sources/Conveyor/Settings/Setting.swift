/// One setting: a name in the environment or in an `--env-file`, and what it is for.
///
/// Written as its name: `settings.require("DATABASE_URL")`. The machinery declares its own, an application those that it has beside
/// (``ConveyorApplication/settings``), so that `--help` and the defaults know each.
public struct Setting: Sendable, ExpressibleByStringLiteral {
    /// The name in the environment.
    public let name: String
    /// What counts if it is not set, unless the reader has a default of its own.
    public let defaultValue: String?
    /// What it is for, in a line.
    public let meaning: String
    /// Who reads it.
    public let readers: Readers
    /// Whether its value is never shown.
    public let isSecret: Bool

    /// The kinds of processes that read a setting. An application names its own: each of its kinds of workers, and each other kind, is one bit.
    public struct Readers: OptionSet, Sendable {
        /// Bits 0 to 15 are kinds of workers, 16 to 30 the other kinds of processes of an application.
        public let rawValue: UInt32
        /// The operator's command line, console and recorder.
        public static let `operator` = Self(rawValue: 1 << 31)
        /// Every worker.
        public static let workers = Self(rawValue: 0xffff)
        /// Every process.
        public static let all = Self(rawValue: .max)

        /// A kind of workers of an application, 0 to 15.
        public init(worker number: Int) { self.rawValue = 1 << UInt32(min(max(number, 0), 15)) }
        /// Another kind of processes of an application, 0 to 14.
        public init(other number: Int) { self.rawValue = 1 << UInt32(16 + min(max(number, 0), 14)) }
        /// The processes with these bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }
    }

    /// Declares a setting.
    /// - Parameters:
    ///   - readers: the kinds of processes that read it.
    ///   - isSecret: whether its value is never shown.
    ///   - meaning: what it is for, in a line.
    public init(_ name: String, _ readers: Readers, default defaultValue: String? = nil, secret isSecret: Bool = false, _ meaning: String) {
        self.name = name
        self.readers = readers
        self.defaultValue = defaultValue
        self.isSecret = isSecret
        self.meaning = meaning
    }

    /// Names a setting; what is declared of it is looked up in the ``Settings`` that it is read from.
    public init(stringLiteral name: String) { self.init(name, .all, "") }
}

extension ConveyorApplication {
    /// The settings of some processes as a table of lines, for `--help`.
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
