/// What may end a call before its answer: the calling task, or a deadline.
struct CallWatch {
    /// How long a server that was asked to stop has to answer, before the connection is given up.
    static let grace = Duration.seconds(1)

    let control: CallControl
    private(set) var deadline: ContinuousClock.Instant?
    /// Why the server was asked to stop; the error's kind.
    private(set) var stopReason: PostgresError.Kind?

    init(control: CallControl, timeout: Duration?) {
        self.control = control
        self.deadline = timeout.map { .now + $0 }
    }

    /// How long to wait for the server; nil for without an end.
    var remaining: Duration? { self.deadline.map { ContinuousClock.now.duration(to: $0) } }

    mutating func stop(_ reason: PostgresError.Kind) {
        self.stopReason = reason
        self.deadline = .now + Self.grace
    }
}
