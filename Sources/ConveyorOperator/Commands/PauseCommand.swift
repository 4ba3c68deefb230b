import ArgumentParser
import Conveyor

/// `conveyor pause QUEUE | --all`
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Pause a queue: its workers finish what they hold and take nothing more.")

    @OptionGroup var selection: QueueSelection
    @Option(help: ArgumentHelp("Reason, shown with the paused queue.", valueName: "text")) var reason: String?
    @OptionGroup var options: PartOptions

    func run() async throws { try await self.selection.set(paused: true, reason: self.reason, self.options) }
}

/// `conveyor resume QUEUE | --all`
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Resume a paused queue.")

    @OptionGroup var selection: QueueSelection
    @OptionGroup var options: PartOptions

    func run() async throws { try await self.selection.set(paused: false, reason: nil, self.options) }
}

/// One queue or all.
struct QueueSelection: ParsableArguments {
    @Argument(help: "Name of the queue.") var queue: String?
    @Flag(help: "All work queues.") var all = false

    func validate() throws {
        guard (self.queue == nil) == self.all else { throw ValidationError("name a queue, or --all") }
    }

    func set(paused: Bool, reason: String?, _ options: PartOptions) async throws {
        try await CommandContext.open(options) { context in
            if let queue { try context.check(queue: queue) }
            let queues = self.queue.map { [$0] } ?? context.application.conveyor.topology.workQueues
            let changed = try await context.withDatabase { pool in
                let actor = try await context.actor(for: .pause, in: pool)
                return try await QueueControls(pool: pool, actor: actor).set(paused: paused, queues, reason: reason)
            }
            let state = paused ? "paused" : "resumed"
            for queue in queues {
                print(
                    changed.contains(queue)
                        ? "\(queue) is \(state); its workers see it within a second" : "\(queue) was \(paused ? "paused" : "not paused") already")
            }
        }
    }
}
