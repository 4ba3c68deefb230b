import ArgumentParser
import Conveyor

/// `conveyor schedules …`
struct SchedulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedules", abstract: "List, run, pause and resume recurring work.",
        subcommands: [List.self, Run.self, Pause.self, Resume.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the schedules with last run, outcome and next run (the default).")

        @Flag(help: "Print a JSON array.") var json = false
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                let schedules = try await context.withDatabase { try await ScheduleBoard(pool: $0).list() }
                if self.json {
                    try Terminal.print(json: schedules)
                } else if !schedules.isEmpty {
                    var table = Table(
                        .text("NAME"), .text("EVERY"), .text("LAST"), .text("OUTCOME"), .number("TOOK"), .text("NEXT"), .text(""),
                        .long("DETAIL", least: 12))
                    for schedule in schedules {
                        table.add(
                            Table.Cell(schedule.name, .bold), Table.Cell(schedule.every),
                            Table.Cell(schedule.lastAt.map { Moment($0).ago } ?? "never"),
                            Table.Cell(schedule.outcome ?? "–", schedule.outcome == "failed" ? .red : .plain),
                            Table.Cell(schedule.tookMilliseconds.map { Quantity.span(milliseconds: Double($0)) } ?? "–"),
                            Table.Cell(schedule.nextAt.map { Moment($0).ago } ?? "–"), schedule.isPaused ? Table.Cell("paused", .yellow) : "",
                            Table.Cell(schedule.detail ?? ""))
                    }
                    table.print()
                }
                guard !schedules.isEmpty else { throw NothingFound("no schedule is registered yet; are the workers running?") }
            }
        }
    }

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Run a schedule now, even while it is paused.")
        @Argument(help: "Name of the schedule.") var name: String
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await SchedulesCommand.change(self.name, .run, self.options)
            print("\(self.name) runs within a second, once; see conveyor schedules")
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Pause a schedule until it is resumed.")
        @Argument(help: "Name of the schedule.") var name: String
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await SchedulesCommand.change(self.name, .pause, self.options)
            print("\(self.name) is paused")
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Resume a paused schedule; it runs at once if it is due.")
        @Argument(help: "Name of the schedule.") var name: String
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await SchedulesCommand.change(self.name, .resume, self.options)
            print("\(self.name) is resumed")
        }
    }

    private static func change(_ name: String, _ change: ScheduleBoard.Change, _ options: PartOptions) async throws {
        try await CommandContext.open(options) { context in
            try await context.withDatabase { pool in
                try await ScheduleBoard(pool: pool).change(name, change, by: try await context.actor(for: .runSchedules, in: pool))
            }
        }
    }
}
