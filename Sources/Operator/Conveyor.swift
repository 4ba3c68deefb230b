import ArgumentParser
import Kit

/// `conveyor`, the operator's command line.
@main
struct Conveyor: AsyncParsableCommand {
    static let configuration = Part.configuration(
        "conveyor", "Sees, mends and replays what goes through Conveyor.", settings: .operator,
        subcommands: [
            DeadCommand.self, QueuesCommand.self, PauseCommand.self, ResumeCommand.self, TraceCommand.self, OperationsCommand.self,
            OrdersCommand.self, PaymentsCommand.self, VerifyCommand.self, CatalogCommand.self, CacheCommand.self, DoctorCommand.self,
            UsersCommand.self, SampleCommand.self, MailCommand.self, Migrate.self, TopologyCommand.self, Record.self, Console.self,
        ])
}
