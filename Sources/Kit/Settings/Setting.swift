/// One setting: a name in the environment or in an `--env-file`, and what it is for.
///
/// Written as its name: `settings.require("DATABASE_URL")`. Every setting stands in ``all``, so that `--help` knows it.
public struct Setting: Sendable, ExpressibleByStringLiteral {
    /// The name in the environment.
    public let name: String
    /// What counts if it is not set, unless a part has a default of its own.
    public let defaultValue: String?
    /// What it is for, in a line.
    public let meaning: String
    /// Who reads it.
    public let readers: Readers
    /// Whether its value is never shown.
    public let isSecret: Bool

    /// The parts that read a setting.
    public struct Readers: OptionSet, Sendable {
        /// A bit for each part.
        public let rawValue: UInt8
        /// The HTTP server.
        public static let ingress = Self(rawValue: 1 << 0)
        /// The workers of `accounts`, `inventory` and `orders`.
        public static let plainWorkers = Self(rawValue: 1 << 1)
        /// The worker of `payments`.
        public static let payments = Self(rawValue: 1 << 2)
        /// The worker of `email`.
        public static let email = Self(rawValue: 1 << 3)
        /// The operator's command line, console and recorder.
        public static let `operator` = Self(rawValue: 1 << 4)
        /// Every worker.
        public static let workers: Self = [.plainWorkers, .payments, .email]
        /// Every part.
        public static let all: Self = [.ingress, .workers, .operator]

        /// The parts with these bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
    }

    init(_ name: String, _ readers: Readers, default defaultValue: String? = nil, secret isSecret: Bool = false, _ meaning: String) {
        self.name = name
        self.readers = readers
        self.defaultValue = defaultValue
        self.isSecret = isSecret
        self.meaning = meaning
    }

    /// The setting of that name.
    /// - Precondition: it stands in ``all``; a setting that `--help` does not know is a programmer's error.
    public init(stringLiteral name: String) {
        guard let setting = Self.byName[name] else { preconditionFailure("\(name) is missing in Setting.all") }
        self = setting
    }

    private static let byName = Dictionary(uniqueKeysWithValues: Self.all.map { ($0.name, $0) })
}

extension Setting {
    /// The settings of some parts as a table of lines, for `--help`.
    public static func help(for readers: Readers) -> String {
        let settings = Self.all.filter { !$0.readers.isDisjoint(with: readers) }
        let width = settings.map(\.name.count).max() ?? 0
        let lines = settings.map { setting in
            let padding = String(repeating: " ", count: width - setting.name.count)
            let defaultValue = setting.defaultValue.map { " (default: \($0))" } ?? ""
            return "  \(setting.name)\(padding)  \(setting.meaning)\(defaultValue)"
        }
        return "Settings come from the environment, then from the --env-file; an empty value is none.\n\n" + lines.joined(separator: "\n")
    }
}
