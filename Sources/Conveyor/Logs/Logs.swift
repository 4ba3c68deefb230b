public import Logging
import Glibc
import Synchronization

/// The log of the process: decides the level, the format and the file descriptor of all loggers.
///
///     {"time":"2026-11-23T21:04:05.123Z","level":"info","part":"orders-worker","message":"orders.place handled","message_id":"…","ms":2.41}
public enum Logs {
    /// The format of a line.
    public enum Format: String, CaseIterable, Sendable {
        /// One JSON object per line, for journald or another collector.
        case json
        /// One readable line, in colours on a terminal.
        case pretty
    }

    private static let current = Atomic<Int>(Logger.Level.info.index)

    /// The level of all loggers without their own. Any thread may change it at any time.
    public static var level: Logger.Level {
        get { Logger.Level.allCases[self.current.load(ordering: .relaxed)] }
        set { self.current.store(newValue.index, ordering: .relaxed) }
    }

    /// Sends all loggers of the process here. Call it once, before the first logger is created.
    /// - Parameters:
    ///   - part: the executable's name, in each line.
    ///   - output: the destination of the lines; its buffer is written at exit.
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

    /// The default format for a descriptor: readable on a terminal, else JSON.
    public static func defaultFormat(for output: LogWriter = .standardOutput) -> Format { isatty(output.descriptor) == 1 ? .pretty : .json }
}

extension Logger.Level {
    /// 0 for `trace` to 6 for `critical`.
    var index: Int { Self.allCases.firstIndex(of: self) ?? 2 }
}
