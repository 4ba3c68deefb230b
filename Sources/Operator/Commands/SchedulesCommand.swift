import ArgumentParser
import Kit

/// `conveyor schedules …`
struct SchedulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedules", abstract: "What recurs: when it ran, how it went, when it is due; run at once, paused, resumed.",
        subcommands: [List.self, Run.self, Pause.self, Resume.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the schedules.")

        @Flag(help: "Print a JSON array.") var json = false
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await Desk.open(self.options) { desk in
                let schedules = try await desk.withDatabase { try await ScheduleBoard(pool: $0).list() }
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
                guard !schedules.isEmpty else { throw NothingFound("no process has offered a schedule yet; are the workers running?") }
            }
        }
    }

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Has a schedule run at once, even while it is paused.")
        @Argument(help: "The schedule.") var name: String
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await SchedulesCommand.change(self.name, .run, self.options)
            print("\(self.name) runs within a second, once; see conveyor schedules")
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Keeps a schedule from running until it is resumed.")
        @Argument(help: "The schedule.") var name: String
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await SchedulesCommand.change(self.name, .pause, self.options)
            print("\(self.name) is paused")
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Makes a paused schedule run again, at once if it is due.")
        @Argument(help: "The schedule.") var name: String
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await SchedulesCommand.change(self.name, .resume, self.options)
            print("\(self.name) is resumed")
        }
    }

    private static func change(_ name: String, _ change: ScheduleBoard.Change, _ options: PartOptions) async throws {
        try await Desk.open(options) { desk in
            try await desk.withDatabase { pool in
                try await ScheduleBoard(pool: pool).change(name, change, by: try await desk.actor(for: .runSchedules, in: pool))
            }
        }
    }
}
