import EventThread
import Synchronization

/// Where callers leave their messages for the connection's thread, which takes all that have gathered at each of its turns (group
/// commit): one lock for each call, and a wake-up only for the first of a turn.
final class PublisherMailbox: Sendable {
    /// Whether messages are taken.
    enum Gate: Sendable {
        case open
        /// The connection has just been lost: it may be back in a moment, so messages are taken for that long.
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

    /// Leaves a submission; if it is not taken, says why.
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
        // The others have been left before the thread took the first.
        if isFirst { self.eventSource.wake() }
        return refusal
    }

    /// Takes everything; the array that it is swapped for must be empty.
    func take(into submissions: inout [Submission]) {
        self.state.withLock { swap(&$0.submissions, &submissions) }
    }

    func setGate(_ gate: Gate) { self.state.withLock { $0.gate = gate } }

    var isBlocked: Bool {
        self.state.withLock { if case .shut(.blocked) = $0.gate { true } else { false } }
    }
}
