import Conveyor
import Synchronization

/// Slows down clients that guess passwords and never locks out the right password.
///
/// A client may be wrong five times about a name at once, and then once in three seconds. Beyond that its tries at that name are still looked at, but one after the other
/// with a pause between: the right one among them waits for its turn, a guesser has a few thousand tries an hour instead of millions. Other
/// clients, and other names, do not wait.
final class GuessLimit: Sendable {
    private let throttle: RateLimiter<String>
    /// For `CONSOLE_TOKEN`, which is too long to guess: after a few wrong tokens the answer is `429`, and the right one always counts.
    private let throttleOfToken = GuessLimit.fewTries()
    private let pause: Duration
    private let longestWait: Duration
    /// When the next try at a name is looked at.
    private let turns = Mutex<[String: ContinuousClock.Instant]>([:])

    init(throttle: RateLimiter<String> = GuessLimit.fewTries(), pause: Duration = .milliseconds(500), longestWait: Duration = .seconds(10)) {
        self.throttle = throttle
        self.pause = pause
        self.longestWait = longestWait
    }

    /// Waits for this try's turn.
    /// - Returns: the `Retry-After` for a client that fails once more; nil after few failures.
    /// - Throws: `Crowd`: too many wait already.
    func turn(of client: String, name: String) async throws -> Duration? {
        guard let wait = self.throttle.wait(for: Self.account(client, name)) else { return nil }
        let now = ContinuousClock.now
        let name = name.lowercased()
        let turn = self.turns.withLock { turns -> ContinuousClock.Instant? in
            if turns.count > 1000 { turns = turns.filter { $0.value > now } }
            let turn = max(now, turns[name] ?? now)
            guard now.duration(to: turn) <= self.longestWait else { return nil }
            turns[name] = turn + self.pause
            return turn
        }
        guard let turn else { throw Crowd(wait: self.longestWait) }
        try await Task.sleep(until: turn)
        return wait
    }

    /// Too many tries at a name wait already.
    struct Crowd: Error {
        let wait: Duration
    }

    /// Notes a wrong try.
    func failed(_ client: String, name: String) { _ = self.throttle.take(Self.account(client, name)) }

    /// Notes a wrong token.
    /// - Returns: the `Retry-After` for the client; nil after few failures.
    func wrongToken(from client: String) -> Duration? {
        defer { _ = self.throttleOfToken.take(client) }
        return self.throttleOfToken.wait(for: client)
    }

    private static func fewTries() -> RateLimiter<String> { RateLimiter(quota: 5, per: .seconds(15)) }

    private static func account(_ client: String, _ name: String) -> String { "\(client) \(name.lowercased().prefix(64))" }
}

extension RateLimiter {
    /// Until it may happen again; nil if it may now.
    fileprivate func wait(for key: Key) -> Duration? {
        let standing = self.standing(of: key)
        return standing.isAllowed ? nil : standing.wait
    }
}
