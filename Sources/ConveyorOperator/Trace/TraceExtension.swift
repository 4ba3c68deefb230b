public import Conveyor
public import Postgres

/// An application's additions to traces.
public struct TraceExtension: Sendable {
    /// The steps that a trace shows, in words.
    public var shows = "times and attempts"
    /// The ids that can be traced, in words.
    public var ids = "A message or a dead letter."
    /// The things that can be traced, in words.
    public var things = "message"
    /// Finds the chains of messages of a text that is more to the application than the id of a message; nil if it is not.
    public var find: @Sendable (_ text: String, PostgresPool) async throws -> TraceSubject? = { _, _ in nil }
    /// The heading of the trace of a subject, e.g. `Order #1002 · paid`; nil for its type and id.
    public var heading: @Sendable (Subject, PostgresPool) async throws -> String? = { _, _ in nil }
    /// The HTTP request that a message of this type and id came with, e.g. `POST /orders`; nil if it came otherwise.
    public var route: @Sendable (_ type: String, _ messageID: ID) -> String? = { _, _ in nil }
    /// The kinds of calls that workers record in the table `calls`.
    public var calls: [CallKind] = []

    /// No additions.
    public init() {}

    /// A kind of external call.
    public struct CallKind: Sendable {
        /// The kind in the table `calls`.
        public var recorded: String
        /// The kind in traces.
        public var kind: String
        /// The queue whose worker makes such calls.
        public var queue: String
        /// Its name before the call's, e.g. `Stripe` before `POST /v1/refunds`.
        public var label: String
        /// Its colour in pictures: `violet` or `blue`. nil: it shares a neutral one and is not in the legend.
        public var tone: String?

        /// A kind of external call; in traces it has the name that it is recorded with, unless another is given.
        public init(_ recorded: String, as kind: String? = nil, of queue: String, label: String, tone: String? = nil) {
            self.recorded = recorded
            self.kind = kind ?? recorded
            self.queue = queue
            self.label = label
            self.tone = tone
        }
    }
}
