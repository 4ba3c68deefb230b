/// Recurring work, which one of the offering processes runs: stored in Postgres under its name, where operators see it, pause it and run it at once.
///
///     worker.schedule("carts.cleanup", .every(.seconds(3600))) { try await cleanUp(); return .done() }
public struct Schedule: Sendable {
    /// When it is due.
    public enum Recurrence: Sendable {
        /// This long after the end of the last run.
        case every(Duration)
        /// At the minutes of a cron line, in UTC.
        case cron(Cron)

        /// For people: `5m`, or the cron line.
        var text: String {
            switch self {
            case .cron(let cron): cron.text
            case .every(let duration):
                switch duration.components.seconds {
                case let seconds where duration != .seconds(seconds): "\(duration.seconds)s"
                case let seconds where seconds > 0 && seconds % 86_400 == 0: "\(seconds / 86_400)d"
                case let seconds where seconds > 0 && seconds % 3600 == 0: "\(seconds / 3600)h"
                case let seconds where seconds > 0 && seconds % 60 == 0: "\(seconds / 60)m"
                case let seconds: "\(seconds)s"
                }
            }
        }
    }

    /// The result of a run.
    public struct Done: Sendable {
        /// A summary for operators, e.g. `3 expired`.
        public var detail: String?
        /// More work is due in this time, if that is before the schedule's own time.
        public var again: Duration?

        /// It succeeded.
        public static func done(_ detail: String? = nil, again: Duration? = nil) -> Done { Done(detail: detail, again: again) }
    }

    let name: String
    let recurrence: Recurrence
    let runsAtStart: Bool
    let work: @Sendable () async throws -> Done

    /// - Parameters:
    ///   - name: the name for operators, e.g. `orders.expiry`.
    ///   - runsAtStart: whether to run also when a process begins to offer it.
    ///   - work: must be idempotent: it may run again at any time, and in two processes at once if one was suspended for longer than the lease.
    public init(
        _ name: String, _ recurrence: Recurrence, runsAtStart: Bool = false, work: @escaping @Sendable () async throws -> Done
    ) {
        self.name = name
        self.recurrence = recurrence
        self.runsAtStart = runsAtStart
        self.work = work
    }
}
