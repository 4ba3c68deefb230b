import ArgumentParser
import Conveyor

extension DeadCommand {
    /// `conveyor dead jobs`
    struct Jobs: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List bulk replays with their progress, newest first.")

        @Option(help: "Longest list.") var limit = 50
        @Flag(help: "Print a JSON array.") var json = false
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                let jobs = try await context.withDatabase { try await ReplayJobStore(pool: $0).list(limit: max(1, self.limit)) }
                if self.json {
                    try Terminal.print(json: jobs)
                } else if !jobs.isEmpty {
                    var table = Table(
                        .text("JOB"), .long("WHAT", least: 16), .number("TOTAL"), .number("DONE"), .number("LEFT"), .number("FAILED"),
                        .number("RATE"), .text("STATUS"), .text("BY"), .text("AT"), .long("NOTE", least: 12))
                    for job in jobs {
                        table.add(
                            Table.Cell(job.id.description), Table.Cell(job.selection.text), .count(job.total), .count(job.done), .count(job.left),
                            .count(job.failed, bad: .yellow), Table.Cell(job.rate.map { Quantity.rate($0) + "/s" } ?? "–"),
                            Table.Cell(job.status.rawValue, job.status.style), Table.Cell(job.actor), Table.Cell(Moment(job.at).ago),
                            Table.Cell(job.note ?? ""))
                    }
                    table.print()
                }
                guard !jobs.isEmpty else { throw NothingFound("no bulk replays yet") }
            }
        }
    }

    /// `conveyor dead resume JOB`
    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Resume a bulk replay that was stopped or killed.")

        @Argument(help: "Job id, from `dead jobs`.") var job: String
        @Flag(help: "Print a JSON object.") var json = false
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                let id = try ID(named: self.job, of: "replay job")
                try await context.withActs { acts in
                    let jobs = ReplayJobStore(pool: acts.pool)
                    if try await jobs.find(id)?.status == .stopped { try await jobs.noteResumption(of: id, by: acts.actor) }
                    try await Replay.run(id, acts, isCanaryBinding: true, json: self.json)
                }
            }
        }
    }

    /// `conveyor dead stop JOB`
    struct Stop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stop a bulk replay; `dead resume` sends the rest.")

        @Argument(help: "Job id, from `dead jobs`.") var job: String
        @Flag(help: "Print a JSON object.") var json = false
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                let id = try ID(named: self.job, of: "replay job")
                let job = try await context.withDatabase { pool in
                    let actor = try await context.actor(for: .replay, in: pool)
                    let jobs = ReplayJobStore(pool: pool)
                    guard let before = try await jobs.find(id) else { throw NothingFound("no replay job \(id)") }
                    guard try await jobs.stop(id, note: "stopped by \(actor)", by: actor) else { throw NothingFound("job \(id) is done") }
                    return try await jobs.find(id) ?? before
                }
                if self.json { try Terminal.print(json: job) } else { print("stopped; \(Quantity.count(job.left)) left") }
            }
        }
    }
}

extension DeadCommand.Replay {
    /// Runs a job with a progress bar.
    /// - Throws: `ExitCode(1)` if it stops before its end.
    static func run(_ id: ID, _ acts: DeadLetterActs, isCanaryBinding: Bool, json: Bool) async throws {
        let line = ProgressLine("replay")
        let job: ReplayJob
        do {
            job = try await ReplayRunner(pool: acts.pool, publisher: acts.publisher).run(
                id, patience: isCanaryBinding ? .seconds(60) : .seconds(10), isCanaryBinding: isCanaryBinding
            ) { job in
                line.show(job.done, of: job.done + job.left, note: job.failed > 0 ? "\(Quantity.count(job.failed)) stay behind" : "")
            }
        } catch {
            line.end()
            throw error
        }
        line.end()
        if json {
            try Terminal.print(json: job)
        } else {
            print(
                "\(job.status.rawValue): \(Quantity.count(job.done)) of \(Quantity.count(job.total)) sent"
                    + (job.failed > 0 ? ", \(Quantity.count(job.failed)) stay behind" : "")
                    + (job.left > 0 ? ", \(Quantity.count(job.left)) left" : ""))
            if job.status != .done {
                Terminal.note("\(job.note?.onOneLine ?? "stopped")\nto go on: \(TypedCommand.text("dead resume \(job.id)"))")
            }
        }
        if job.status != .done { throw ExitCode(1) }
    }
}

extension ReplayJob.Status {
    var style: Terminal.Style {
        switch self {
        case .running: .cyan
        case .stopped: .yellow
        case .done: .green
        }
    }
}

extension ReplayJob.Selection {
    /// For people.
    var text: String {
        if let ids { return Quantity.count(ids, "letter") }
        guard let filter else { return "" }
        let words = [("queue", filter.queue), ("type", filter.type), ("group", filter.group), ("search", filter.search)]
        let text = words.compactMap { name, value in value.map { "\(name) \($0)" } }.joined(separator: ", ")
        return text.isEmpty ? "all" : text
    }
}
