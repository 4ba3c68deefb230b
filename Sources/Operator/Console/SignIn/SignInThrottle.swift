import Synchronization

/// Slows down whoever guesses: a client's address may be wrong a few times at once, then once in a few seconds (GCRA, as ATM networks police cells).
final class SignInThrottle: Sendable {
    private struct State {
        /// When each client will have paid for its wrong tries.
        var paidAt: [String: ContinuousClock.Instant] = [:]
    }

    private let burst: Int
    private let interval: Duration
    private let state = Mutex(State())
    /// Clients that are remembered. Beyond, those that have paid are forgotten; if none has, newcomers share one account.
    private let limit = 10_000

    init(burst: Int = 5, interval: Duration = .seconds(3)) {
        self.burst = burst
        self.interval = interval
    }

    /// How long a client must wait before its next try is looked at; nil if it need not.
    func wait(for client: String, now: ContinuousClock.Instant = .now) -> Duration? {
        self.state.withLock { state in
            guard let paidAt = state.paidAt[self.account(of: client, in: state)] else { return nil }
            let wait = now.duration(to: paidAt) - self.interval * (self.burst - 1)
            return wait > .zero ? wait : nil
        }
    }

    /// Notes a wrong try.
    func failed(_ client: String, now: ContinuousClock.Instant = .now) {
        self.state.withLock { state in
            if state.paidAt.count >= self.limit { state.paidAt = state.paidAt.filter { $0.value > now } }
            let account = self.account(of: client, in: state)
            state.paidAt[account] = max(state.paidAt[account] ?? now, now) + self.interval
        }
    }

    private func account(of client: String, in state: State) -> String {
        state.paidAt[client] != nil || state.paidAt.count < self.limit ? client : ""
    }
}
