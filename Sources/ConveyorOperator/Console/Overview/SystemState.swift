import Conveyor

/// The broker at one moment, and the database's data about its queues.
struct SystemState: Sendable {
    /// Milliseconds since 1970.
    var at: Int64
    /// The work queues, in the topology's order; empty if the broker is unreachable.
    var queues: [QueueStatus] = []
    /// The connections to the broker.
    var clients: [ManagementAPI.Client] = []
    /// The reasons for which the broker blocks publishers, e.g. `memory`.
    var alarms: [String] = []
    /// The broker's error; nil if it answers.
    var brokerProblem: String?
    /// The database's error; nil if it answers.
    var databaseProblem: String?
    /// Open dead letters; nil if the database is unreachable.
    var openDeadLetters: Int?
    /// Their causes.
    var openGroups: Int?
}
