import ArgumentParser
import Kit

/// `conveyor`, the operator's command line.
@main
struct Conveyor: AsyncParsableCommand {
    static let configuration = Part.configuration(
        "conveyor", "Sees, mends and replays what goes through Conveyor.", settings: .operator,
        subcommands: [Migrate.self, TopologyCommand.self, SampleCommand.self, UsersCommand.self, Record.self, Console.self])
}
