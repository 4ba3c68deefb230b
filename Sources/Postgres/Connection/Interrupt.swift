import EventThread
import Synchronization

/// A signal from any thread that makes a waiting call check again whether to go on.
final class Interrupt: Sendable {
    private let eventSource: EventSource
    private let isSignalled = Atomic(false)

    init(_ eventSource: EventSource) { self.eventSource = eventSource }

    func signal() {
        self.isSignalled.store(true, ordering: .releasing)
        self.eventSource.wake()
    }

    /// Whether it was signalled since the last call of `take`.
    func take() -> Bool { self.isSignalled.exchange(false, ordering: .acquiringAndReleasing) }
}
