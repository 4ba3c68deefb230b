import EventThread
import Synchronization

/// Collects messages for the connection's thread, which takes all of them at once (group commit): one lock per call, and few wake-ups.
///
/// While earlier messages are unconfirmed, single messages gather until the connection calls them enough, or for a limited time. The broker's
/// work for a group is that for a few messages, so under load groups serve more messages than haste does; on an idle connection nothing waits.
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
        /// The number of submissions that wakes the connection's thread.
        var enough = 1
        /// Whether a batch is among the submissions: it never waits for others.
        var hasBatch = false
    }

    private let state = Mutex(State())
    private let eventSource: EventSource

    init(eventSource: EventSource) { self.eventSource = eventSource }

    /// Submits messages; returns a failure if they are not accepted.
    func submit(_ submission: Submission, now: ContinuousClock.Instant) -> PublishFailure? {
        let (refusal, mustWake): (PublishFailure?, Bool) = self.state.withLock { state in
            switch state.gate {
            case .shut(let failure): return (failure, false)
            case .openUntil(let end) where end <= now: return (.unreachable, false)
            case .open, .openUntil: break
            }
            state.submissions.append(submission)
            let isFirstBatch = submission.isBatch && !state.hasBatch
            if submission.isBatch { state.hasBatch = true }
            // After that the thread is awake, and has not yet taken them.
            return (nil, state.submissions.count == state.enough || isFirstBatch)
        }
        if mustWake { self.eventSource.wake() }
        return refusal
    }

    /// Takes everything, in exchange for an array that must be empty; or nothing if these are only single messages, fewer than `enough`, and none
    /// of them has a deadline before `first`.
    func take(into submissions: inout [Submission], ifAtLeast enough: Int, orDueBefore first: ContinuousClock.Instant) {
        self.state.withLock { state in
            guard let oldest = state.submissions.first, state.hasBatch || state.submissions.count >= enough || oldest.deadline < first else { return }
            swap(&state.submissions, &submissions)
            state.hasBatch = false
        }
    }

    /// Sets how many submissions wake the thread.
    /// - Returns: whether there are as many already.
    func gather(_ enough: Int) -> Bool {
        self.state.withLock { state in
            state.enough = enough
            return state.submissions.count >= enough || state.hasBatch
        }
    }

    func setGate(_ gate: Gate) { self.state.withLock { $0.gate = gate } }

    var isBlocked: Bool {
        self.state.withLock { if case .shut(.blocked) = $0.gate { true } else { false } }
    }
}
