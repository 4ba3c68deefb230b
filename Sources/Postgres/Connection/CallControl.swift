import Synchronization

/// Carries a task's cancellation, which comes on any thread, to its call.
final class CallControl: Sendable {
    private let cancelled = Atomic(false)
    private let answered = Atomic(false)

    var isCancelled: Bool { self.cancelled.load(ordering: .acquiring) }
    /// The server has taken the cancel request, which can no longer hit a later call.
    var isCancelAnswered: Bool { self.answered.load(ordering: .acquiring) }

    func cancel() { self.cancelled.store(true, ordering: .releasing) }
    func cancelAnswered() { self.answered.store(true, ordering: .releasing) }
}
