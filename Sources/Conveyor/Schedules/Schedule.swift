/// Work that recurs, once however many processes offer it: kept in Postgres under its name, where operators see it, pause it and run it at once.
///
///     worker.schedule("carts.cleanup", .every(.seconds(3600))) { try await cleanUp(); return .done() }
public struct Schedule: Sendable {
    /// When it is due.
    public enum Recurrence: Sendable {
        /// So long after the end of the last run.
        case every(Duration)
        /// At the minutes of a line of cron, UTC.
        case cron(Cron)

        /// For people: `5m`, or the line.
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

    /// What a run has come to.
    public struct Done: Sendable {
        /// For operators, e.g. `3 expired`.
        public var detail: String?
        /// There is something to do so soon, if that is before the schedule's own time.
        public var again: Duration?

        /// It went well.
        public static func done(_ detail: String? = nil, again: Duration? = nil) -> Done { Done(detail: detail, again: again) }
    }

    let name: String
    let recurrence: Recurrence
    let runsAtStart: Bool
    let work: @Sendable () async throws -> Done

    /// - Parameters:
    ///   - name: what operators call it, e.g. `orders.expiry`.
    ///   - runsAtStart: whenever a process begins to offer it, too.
    ///   - work: may be run again at any time, and in two processes at once if one of them was stopped for longer than the lease: it must be idempotent.
    public init(
        _ name: String, _ recurrence: Recurrence, runsAtStart: Bool = false, work: @escaping @Sendable () async throws -> Done
    ) {
        self.name = name
        self.recurrence = recurrence
        self.runsAtStart = runsAtStart
        self.work = work
    }
}
