import Synchronization

/// How a task's cancellation, which comes on any thread, reaches its call.
final class CallControl: Sendable {
    private let cancelled = Atomic(false)
    private let answered = Atomic(false)

    var isCancelled: Bool { self.cancelled.load(ordering: .acquiring) }
    /// The cancel request has reached the server: from here on it can hit no later call.
    var isCancelAnswered: Bool { self.answered.load(ordering: .acquiring) }

    func cancel() { self.cancelled.store(true, ordering: .releasing) }
    func cancelAnswered() { self.answered.store(true, ordering: .releasing) }
}
