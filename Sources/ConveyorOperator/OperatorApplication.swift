public import ArgumentParser
public import Conveyor
public import Logging
public import Postgres
public import ServiceLifecycle

/// An application as its operators see it: all that the command line, the console and the recorder know of it.
///
/// Its messages and its topology are enough. An executable of a few lines then lists and replays dead letters, pauses queues, traces messages and
/// serves the console:
///
///     @main
///     struct Operate {
///         static func main() async {
///             let thumbnails = ConveyorApplication(topology: Definitions(queues: ["thumbnails": []]), migrations: Thumbnails.migrations)
///             await OperatorApplication(thumbnails, name: "thumbnails-operator", messages: [MakeThumbnail.self]).main()
///         }
///     }
///
/// The other members add to that: commands, pages of the console, books for `verify`, checks for `doctor`. Each may stay as it is.
public struct OperatorApplication: Sendable {
    /// Its definitions for Conveyor, with the operator's own settings.
    public let conveyor: ConveyorApplication
    /// The command's name.
    public let name: String
    /// The types of its messages: payloads are checked by them before they are sent or replayed.
    public let messages: [any Message.Type]
    /// The types of errors that its workers write to dead letters; others are recorded as bugs.
    public var errorTypes: [ErrorType] = ErrorType.machinery
    /// The type of the `Subject` of its messages, e.g. `order`; nil if they have none. It names a member in JSON, `order_id`, and a line on pages.
    public var subjectType: String?
    /// Whether its own migrations also create the tables of Conveyor and of this module; otherwise `migrate` creates them beside the application's.
    public var createsAllTables = false
    /// Its own commands. They find settings, database and broker in ``CommandContext/open(_:_:)``.
    public var commands: [any ParsableCommand.Type] = []
    /// Its own pages of the console.
    public var console = ConsoleExtension()
    /// Its additions to traces.
    public var traces = TraceExtension()
    /// Its additions to the search.
    public var search = SearchExtension()
    /// Its additions to `verify`.
    public var verification = Verification()
    /// Its additions to `doctor`.
    public var checks = DoctorExtension()
    /// Runs in `migrate`, after the migrations, e.g. to create roles that no migration names.
    public var afterMigrations: @Sendable (PostgresPool) async throws -> Void = { _ in }
    /// Services that the recorder runs beside its own, e.g. to measure something that no worker can.
    public var recorderServices: @Sendable (PostgresPool, Logger) -> [any Service] = { _, _ in [] }

    private let typesByName: [String: any Message.Type]

    /// An application without additions.
    /// - Parameters:
    ///   - name: the command's name, in help and hints.
    ///   - messages: all types of its messages.
    public init(_ conveyor: ConveyorApplication, name: String = "conveyor", messages: [any Message.Type]) {
        self.conveyor = conveyor.operated
        self.name = name
        self.messages = messages
        self.typesByName = Dictionary(messages.map { ($0.type, $0) }) { first, _ in first }
    }

    /// Runs the command line, whose arguments and exit status are the process's.
    public func main() async {
        await Self.$current.withValue(self) { await OperatorCommand.run() }
    }

    /// The application whose command line is running. A command, which the parser creates, cannot be given it otherwise; everything else gets it from
    /// its ``CommandContext``.
    @TaskLocal static var current = OperatorApplication(ConveyorApplication(topology: Definitions(queues: [:])), messages: [])
}

extension OperatorApplication {
    /// The message type with a name, e.g. `orders.place`; nil if there is none.
    func message(_ name: String) -> (any Message.Type)? { self.typesByName[name] }

    /// Its topology with the retry schedule of the settings.
    func topology(_ settings: Settings) throws(SettingError) -> Definitions { self.conveyor.topology.with(try RetryLadder(settings)) }

    /// The member of a subject's id in JSON, e.g. `order_id`; nil if messages have none.
    var subjectMember: String? { self.subjectType.map { $0 + "_id" } }

    /// The work queues for messages of each type.
    var queuesByType: [String: [String]] {
        Dictionary(self.messages.map { ($0.type, self.conveyor.topology.queues(of: $0)) }) { first, _ in first }
    }
}
