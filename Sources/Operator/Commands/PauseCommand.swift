import ArgumentParser
import Kit

/// `conveyor pause QUEUE`
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Makes the workers of a queue stop taking from it, without a restart. What they hold they finish.")

    @Argument(help: "The queue.") var queue: String
    @OptionGroup var options: PartOptions

    func run() async throws { try await QueueControls.set(paused: true, self.queue, self.options) }
}

/// `conveyor resume QUEUE`
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Makes the workers of a paused queue go on.")

    @Argument(help: "The queue.") var queue: String
    @OptionGroup var options: PartOptions

    func run() async throws { try await QueueControls.set(paused: false, self.queue, self.options) }
}

extension QueueControls {
    fileprivate static func set(paused: Bool, _ queue: String, _ options: PartOptions) async throws {
        try await Desk.open(options) { desk in
            try desk.check(queue: queue)
            let changed = try await desk.withDatabase { pool in
                try await QueueControls(pool: pool, actor: Actor.current(desk.settings)).set(paused: paused, queue)
            }
            let state = paused ? "paused" : "resumed"
            print(changed ? "\(queue) is \(state); its workers see it within a second" : "\(queue) was \(paused ? "paused" : "not paused") already")
        }
    }
}
