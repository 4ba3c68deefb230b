import EventThread
import Synchronization

/// Collects messages for the connection's thread, which takes all of them at each of its turns (group commit): one lock per call, and a
/// wake-up only for the first of a turn.
final class PublisherMailbox: Sendable {
    /// Whether the mailbox accepts messages.
    enum Gate: Sendable {
        case open
        /// The connection was just lost and may soon be back, so messages are accepted until then.
        case openUntil(ContinuousClock.Instant)
        case shut(PublishFailure)
    }

    private struct State {
        var gate = Gate.shut(.unreachable)
        var submissions: [Submission] = []
    }

    private let state = Mutex(State())
    private let eventSource: EventSource

    init(eventSource: EventSource) { self.eventSource = eventSource }

    /// Submits messages; returns a failure if they are not accepted.
    func submit(_ submission: Submission, now: ContinuousClock.Instant) -> PublishFailure? {
        let (refusal, isFirst): (PublishFailure?, Bool) = self.state.withLock { state in
            switch state.gate {
            case .shut(let failure): return (failure, false)
            case .openUntil(let end) where end <= now: return (.unreachable, false)
            case .open, .openUntil: break
            }
            state.submissions.append(submission)
            return (nil, state.submissions.count == 1)
        }
        // The thread has not yet taken the first one, which woke it.
        if isFirst { self.eventSource.wake() }
        return refusal
    }

    /// Takes everything, in exchange for an array that must be empty.
    func take(into submissions: inout [Submission]) {
        self.state.withLock { swap(&$0.submissions, &submissions) }
    }

    func setGate(_ gate: Gate) { self.state.withLock { $0.gate = gate } }

    var isBlocked: Bool {
        self.state.withLock { if case .shut(.blocked) = $0.gate { true } else { false } }
    }
}
