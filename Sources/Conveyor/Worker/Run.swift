/// The deliveries' connection is lost, or the worker must end now: the messages will be redelivered.
struct Abandoned: Error {}

/// Messages were in work for too long: they return through a retry queue.
struct Overdue: Error {}

/// The limits of a batch's stay in work.
struct Run: Sendable {
    /// False after the deliveries' connection is lost: they will be redelivered, so there is no point in going on.
    let isCurrent: @Sendable () -> Bool
    /// When the batch is returned. After its `consumer_timeout` (30 min by default) the broker would take it back together with all others, and
    /// count a crash. nil: it stays.
    let until: ContinuousClock.Instant?

    /// Waits before the next try.
    /// - Throws: `Abandoned`, `Overdue`.
    func pause(_ backoff: inout Backoff) async throws {
        guard self.isCurrent(), !Task.isCancelled else { throw Abandoned() }
        if let until, until <= .now { throw Overdue() }
        do { try await Task.sleep(for: backoff.next()) } catch { throw Abandoned() }
    }

    /// The same batch, for what has to be done with it before it can leave.
    var withoutEnd: Run { Run(isCurrent: self.isCurrent, until: nil) }
}

/// Waiting times that grow from 50 ms to 5 s, each drawn between half of the step and the whole.
struct Backoff: Sendable {
    private var step: Duration = .milliseconds(50)

    mutating func next() -> Duration {
        defer { self.step = min(self.step * 2, .seconds(5)) }
        return self.step * Double.random(in: 0.5...1)
    }
}
