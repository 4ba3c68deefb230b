import Dispatch
import Glibc
import Logging
import ServiceLifecycle

/// Starts a process and runs its services, as one service, so that a signal during the start is handled too.
struct Composition: Service {
    let settings: Settings
    let logger: Logger
    let start: @Sendable (Settings, Logger) async throws -> [any Service]

    func run() async throws {
        let (logger, began) = (self.logger, ContinuousClock.now)
        try await withGracefulShutdownHandler {
            let services: [any Service]
            do {
                services = try await cancelWhenGracefulShutdown { try await self.start(self.settings, logger) }
            } catch  where Task.isShuttingDownGracefully {
                return
            }
            logger.info(
                "started",
                metadata: ["version": .string(ConveyorVersion.current), "ms": .stringConvertible((ContinuousClock.now - began).wholeMilliseconds)])
            var configuration = ServiceGroupConfiguration(
                // Only the types: a description may contain secrets.
                services: (services + [LogLevelSignals(initial: Logs.level, logger: logger)]).map {
                    .init(service: $0, serviceName: "\(type(of: $0))")
                },
                logger: logger)
            configuration.maximumGracefulShutdownDuration = Part.grace
            do {
                try await ServiceGroup(configuration: configuration).run()
            } catch  where Task.isShuttingDownGracefully && !(error is Unavailable) {
                logger.warning("not everything ended in time: \(error)")
            }
            logger.info("ended")
        } onGracefulShutdown: {
            logger.info("ending")
            // A last resort that needs neither a task nor a thread of the cooperative pool.
            DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(Int(Part.limit.components.seconds))) {
                logger.warning("ended with unfinished messages, which the broker redelivers")
                LogWriter.standardOutput.flush()
                _exit(0)
            }
        }
    }
}

extension Duration {
    /// Milliseconds without their fraction.
    var wholeMilliseconds: Int64 { self.components.seconds * 1000 + self.components.attoseconds / 1_000_000_000_000_000 }
}
