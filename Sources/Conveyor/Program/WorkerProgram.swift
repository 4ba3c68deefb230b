import ArgumentParser
public import Postgres

/// A worker as a program: it consumes one queue, and its one command brings database and broker up to date, then works until SIGTERM.
///
///     @main
///     struct Thumbnails: WorkerProgram {
///         static let queue = "thumbnails"
///         static func register(_ worker: inout WorkerPart) {
///             worker.on(MakeThumbnail.self) { message, transaction in
///                 transaction.enqueue("insert into thumbnails (picture) values ($1)", message.payload.picture)
///                 return .done()
///             }
///         }
///     }
///
/// It reads `DATABASE_URL`, `AMQP_URL`, `RABBITMQ_API`, and all settings in `--help`. The queue's commands and events follow from the handlers.
public protocol WorkerProgram: Sendable {
    /// The queue that it consumes: the first word of its commands' types.
    static var queue: String { get }
    /// The abstract in `--help`.
    static var abstract: String { get }
    /// The application's own tables, in order; Conveyor's are created first.
    static var migrations: [Migration] { get }
    /// Its settings beside Conveyor's.
    static var settings: [Setting] { get }
    /// Batches at the same time, unless `CONCURRENCY` is set: one if handlers only write to the database.
    static var concurrency: Int { get }
    /// Registers handlers, middleware, schedules and services.
    static func register(_ worker: inout WorkerPart) async throws
}

extension WorkerProgram {
    /// `Consumes <queue>.`
    public static var abstract: String { "Consumes \(self.queue)." }
    /// None.
    public static var migrations: [Migration] { [] }
    /// None.
    public static var settings: [Setting] { [] }
    /// 1
    public static var concurrency: Int { 1 }

    /// Runs the command line: `run`, which is the default, `setup` and `send`.
    public static func main() async { await WorkerCommand<Self>.main() }

    /// The application's definitions, before its handlers are known.
    static var application: ConveyorApplication {
        ConveyorApplication(
            topology: Definitions(queues: [self.queue: []]), migrations: self.migrations,
            settings: [
                Setting("INBOX_RETENTION_DAYS", .all, default: "14", "days that handled messages and failed attempts are kept")
            ] + self.settings)
    }
}
