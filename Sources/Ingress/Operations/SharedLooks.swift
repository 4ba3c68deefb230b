import Conveyor
import Shop
import Synchronization

/// Polls an operation once for all requests that wait for it: only one query runs at a time.
final class SharedLooks: Sendable {
    private typealias Outcome = Result<OperationState, any Error>

    private struct Looks {
        /// The number of waiting requests.
        var waiters = 0
        var isLooking = false
        var began = ContinuousClock.now
        var joined: [CheckedContinuation<Outcome?, Never>] = []
        /// The last result, and when its query began.
        var last: (state: OperationState, began: ContinuousClock.Instant)?
    }

    private let looks = Mutex<[ID: Looks]>([:])

    /// A request starts waiting.
    func enter(_ operation: ID) { self.looks.withLock { $0[operation, default: Looks()].waiters += 1 } }

    /// A request stops waiting.
    func leave(_ operation: ID) {
        self.looks.withLock { looks in
            guard let own = looks[operation] else { return }
            if own.waiters > 1 { looks[operation]?.waiters -= 1 } else { looks[operation] = nil }
        }
    }

    private enum Part {
        case known(OperationState)
        case join
        case look
    }

    /// The state of an operation at `time` or later; only between `enter` and `leave`.
    /// - Throws: the error of the query.
    func state(
        of operation: ID, since time: ContinuousClock.Instant, isolation: isolated (any Actor)? = #isolation,
        _ look: () async throws -> OperationState
    ) async throws -> OperationState {
        while true {
            switch self.part(operation, since: time) {
            case .known(let state): return state
            case .join:
                let began = self.looks.withLock { $0[operation]?.began }
                let outcome = await withCheckedContinuation { (continuation: CheckedContinuation<Outcome?, Never>) in
                    let isOver = self.looks.withLock { looks in
                        guard looks[operation]?.isLooking == true else { return true }
                        looks[operation]?.joined.append(continuation)
                        return false
                    }
                    if isOver { continuation.resume(returning: nil) }
                }
                if case .failure(let error) = outcome, let began, began >= time, !(error is CancellationError) { throw error }
            case .look:
                do {
                    let state = try await look()
                    self.end(operation, .success(state))
                    return state
                } catch {
                    self.end(operation, .failure(error))
                    throw error
                }
            }
        }
    }

    private func part(_ operation: ID, since time: ContinuousClock.Instant) -> Part {
        self.looks.withLock { looks in
            var own = looks[operation] ?? Looks()
            if let last = own.last, last.began >= time { return .known(last.state) }
            if own.isLooking { return .join }
            own.isLooking = true
            own.began = .now
            looks[operation] = own
            return .look
        }
    }

    private func end(_ operation: ID, _ outcome: Outcome) {
        let joined = self.looks.withLock { looks in
            guard var own = looks[operation] else { return [CheckedContinuation<Outcome?, Never>]() }
            defer { looks[operation] = own }
            own.isLooking = false
            if case .success(let state) = outcome { own.last = (state, own.began) }
            defer { own.joined = [] }
            return own.joined
        }
        for continuation in joined { continuation.resume(returning: outcome) }
    }
}
