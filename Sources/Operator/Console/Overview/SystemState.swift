import Conveyor

/// The broker as it is at one moment, and what the database knows of its queues.
struct SystemState: Sendable {
    /// Milliseconds since 1970.
    var at: Int64
    /// The work queues, in the topology's order; empty if the broker is away.
    var queues: [QueueStatus] = []
    /// Who is connected to the broker.
    var clients: [ManagementAPI.Client] = []
    /// What makes the broker block its publishers, e.g. `memory`.
    var alarms: [String] = []
    /// Why the broker cannot be asked; nil if it can.
    var brokerProblem: String?
    /// Why the database cannot be asked; nil if it can.
    var databaseProblem: String?
    /// Dead letters that wait for somebody; nil if the database is away.
    var openDeadLetters: Int?
    /// Their causes.
    var openGroups: Int?
}
