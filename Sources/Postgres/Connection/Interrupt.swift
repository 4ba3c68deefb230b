import EventThread
import Synchronization

/// Any thread's word to a call that waits: look again whether you may go on.
final class Interrupt: Sendable {
    private let eventSource: EventSource
    private let isSignalled = Atomic(false)

    init(_ eventSource: EventSource) { self.eventSource = eventSource }

    func signal() {
        self.isSignalled.store(true, ordering: .releasing)
        self.eventSource.wake()
    }

    /// Whether it was signalled since the last time.
    func take() -> Bool { self.isSignalled.exchange(false, ordering: .acquiringAndReleasing) }
}
