import Logging
import ServiceLifecycle
import UnixSignals

/// SIGUSR1: one level more detail; after `trace` it starts over. SIGUSR2: back to the level at the start.
struct LogLevelSignals: Service {
    let initial: Logger.Level
    let logger: Logger

    func run() async throws {
        for await signal in await UnixSignalsSequence(trapping: .sigusr1, .sigusr2).cancelOnGracefulShutdown() {
            let level = signal == .sigusr2 ? self.initial : Self.next(after: Logs.level, initial: self.initial)
            Logs.level = level
            self.logger.notice("log level is \(level) now")
        }
    }

    static func next(after level: Logger.Level, initial: Logger.Level) -> Logger.Level {
        level == .trace ? initial : Logger.Level.allCases[level.index - 1]
    }
}
