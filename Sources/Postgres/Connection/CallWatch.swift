/// The reasons to end a call before its answer: a cancelled task or a passed deadline.
struct CallWatch {
    /// The time within which the server must react to a cancel request; afterwards the connection is closed.
    static let grace = Duration.seconds(1)

    let control: CallControl
    private(set) var deadline: ContinuousClock.Instant?
    /// The reason for the cancel request; it becomes the kind of the error.
    private(set) var stopReason: PostgresError.Kind?

    init(control: CallControl, timeout: Duration?) {
        self.control = control
        self.deadline = timeout.map { .now + $0 }
    }

    /// The time until the deadline; nil for no limit.
    var remaining: Duration? { self.deadline.map { ContinuousClock.now.duration(to: $0) } }

    mutating func stop(_ reason: PostgresError.Kind) {
        self.stopReason = reason
        self.deadline = .now + Self.grace
    }
}
