import Conveyor
import Synchronization

/// Slows down clients that guess passwords, and never locks out the right password.
///
/// A client may fail five times for a name at once, and then once in three seconds. Beyond that its attempts for the name are still checked, but one
/// after the other with a pause: the right one among them waits for its turn, and a guesser has a few thousand attempts per hour instead of millions.
/// Other clients, and other names, do not wait.
final class GuessLimit: Sendable {
    private let throttle: RateLimiter<String>
    /// For `CONSOLE_TOKEN`, which is too long to guess: after a few wrong tokens the answer is `429`, and the right one always works.
    private let throttleOfToken = GuessLimit.fewTries()
    private let pause: Duration
    private let longestWait: Duration
    /// When the next attempt for a name is checked.
    private let turns = Mutex<[String: ContinuousClock.Instant]>([:])

    init(throttle: RateLimiter<String> = GuessLimit.fewTries(), pause: Duration = .milliseconds(500), longestWait: Duration = .seconds(10)) {
        self.throttle = throttle
        self.pause = pause
        self.longestWait = longestWait
    }

    /// Waits for this attempt's turn.
    /// - Returns: the `Retry-After` if the client fails once more; nil after few failures.
    /// - Throws: `Crowd` if too many attempts are waiting.
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

    /// Too many attempts for a name are waiting.
    struct Crowd: Error {
        let wait: Duration
    }

    /// Counts a wrong attempt.
    func failed(_ client: String, name: String) { _ = self.throttle.take(Self.account(client, name)) }

    /// Counts a wrong token.
    /// - Returns: the `Retry-After` for the client; nil after few failures.
    func wrongToken(from client: String) -> Duration? {
        defer { _ = self.throttleOfToken.take(client) }
        return self.throttleOfToken.wait(for: client)
    }

    private static func fewTries() -> RateLimiter<String> { RateLimiter(quota: 5, per: .seconds(15)) }

    private static func account(_ client: String, _ name: String) -> String { "\(client) \(name.lowercased().prefix(64))" }
}

extension RateLimiter {
    /// The time until the next attempt; nil if it is allowed now.
    fileprivate func wait(for key: Key) -> Duration? {
        let standing = self.standing(of: key)
        return standing.isAllowed ? nil : standing.wait
    }
}
