import ArgumentParser
import Conveyor
import Logging
import ServiceLifecycle
import Shop

/// A process that does only what its options say, for the tests of `Part`.
@main
struct ExamplePart: AsyncParsableCommand {
    static let configuration = Part.configuration("example-part", "A part for tests.", settings: .plainWorkers, of: .shop)

    @OptionGroup var options: PartOptions
    @Option(help: "Milliseconds that work takes which is in hand at the end.") var work = 0
    @Flag(help: "Work that does not heed its cancellation.") var stuck = false
    @Flag(help: "A broker that is never reachable.") var unreachable = false
    @Flag(help: "A start that waits for ever.") var slowStart = false
    @Flag(help: "A start that fails.") var broken = false
    @Option(help: "Lines to log at the very end.") var lines = 0

    func run() async throws {
        try await Part.run("example-part", of: .shop, options: self.options) { settings, logger in
            if self.broken { throw Broken() }
            if self.slowStart {
                logger.info("starting slowly")
                try await Task.sleep(for: .seconds(3600))
            }
            let unready: @Sendable () -> [String] = { self.unreachable ? ["broker: connection refused by amqp://shop:hunter2@127.0.0.1"] : [] }
            let health = try HealthServer(settings: settings, logger: logger, unready: unready)
            let start = try StartTimeout(settings: settings, logger: logger, unready: unready)
            let first = Work(name: "first", milliseconds: 0, stuck: false, lines: self.lines, logger: logger)
            let second = Work(name: "second", milliseconds: self.work, stuck: self.stuck, lines: 0, logger: logger)
            return [first, second, start] + (health.map { [$0] } ?? [])
        }
    }
}

/// Runs until graceful shutdown, then finishes its work.
struct Work: Service {
    let name: String
    let milliseconds: Int
    let stuck: Bool
    let lines: Int
    let logger: Logger

    func run() async throws {
        self.logger.debug("\(self.name) began", metadata: ["password": "hunter2"])
        try await gracefulShutdown()
        // A detached task is not cancelled with its parent.
        if self.milliseconds > 0 { await Task { try? await Task.sleep(for: .milliseconds(self.milliseconds)) }.value }
        if self.stuck { await Task { try? await Task.sleep(for: .seconds(3600)) }.value }
        for number in 0..<self.lines { self.logger.info("line", metadata: ["number": .stringConvertible(number)]) }
        self.logger.info("\(self.name) finished")
    }
}

struct Broken: Error, CustomStringConvertible {
    var description: String { "the topology lacks\nthe queue orders" }
}
