public import Logging
import Glibc
import Synchronization

/// The log of the process: one place that decides the level, the form and the file descriptor of all loggers.
///
///     {"time":"2026-11-23T21:04:05.123Z","level":"info","part":"orders-worker","message":"orders.place handled","message_id":"…","ms":2.41}
public enum Logs {
    /// What a line looks like.
    public enum Format: String, CaseIterable, Sendable {
        /// One JSON object a line, for journald or whatever collects them.
        case json
        /// One readable line, in colours on a terminal.
        case pretty
    }

    private static let current = Atomic<Int>(Logger.Level.info.index)

    /// The level of all loggers that were not given one of their own. May be changed at any time, by any thread.
    public static var level: Logger.Level {
        get { Logger.Level.allCases[self.current.load(ordering: .relaxed)] }
        set { self.current.store(newValue.index, ordering: .relaxed) }
    }

    /// Makes every logger of the process write here. Once in a process, before the first logger is made.
    /// - Parameters:
    ///   - part: the executable's name, in each line.
    ///   - output: where the lines go; its buffer is written at exit.
    public static func bootstrap(part: String, level: Logger.Level, format: Format, output: LogWriter = .standardOutput) {
        self.level = level
        output.flushAtExit()
        let colours = format == .pretty && isatty(output.descriptor) == 1 && getenv("NO_COLOR") == nil
        LoggingSystem.bootstrap(
            { label, provider in
                LineLogHandler(part: part, label: label, format: format, colours: colours, output: output, metadataProvider: provider)
            },
            metadataProvider: nil)
    }

    /// The form for a descriptor if nobody says: readable on a terminal, else JSON.
    public static func defaultFormat(for output: LogWriter = .standardOutput) -> Format { isatty(output.descriptor) == 1 ? .pretty : .json }
}

extension Logger.Level {
    /// 0 for `trace` to 6 for `critical`.
    var index: Int { Self.allCases.firstIndex(of: self) ?? 2 }
}
