import Postgres

/// What becomes of messages whose handling threw.
package enum Disposition: Sendable, Equatable {
    /// One of several failed, and which one is not known: each is handled alone.
    case split
    /// An answer after all: the business says no.
    case reject(Problem)
    /// Back by the ladder.
    /// - Parameter counts: false if this was no attempt that can be its last.
    case retry(afterSeconds: Int, error: String, errorType: ErrorType, counts: Bool = true)
    /// A person must look at it.
    case deadLetter(ErrorType, String)
    /// No attempt of the message's: something that every message needs is away. Wait for it, then handle the message again.
    case wait(String)
    /// No attempt of the message's: something that all messages of its type need is wrong. They go back to the queue until it is right.
    case hold(String)
    /// No attempt of the message's: two transactions met. Handle it again at once.
    case again

    /// The one place that decides it. Pure: the worker only obeys.
    /// - Parameters:
    ///   - count: how many messages were handled together.
    ///   - attempt: the one that failed, from 1.
    ///   - chance: 0 ..< 1, drawn at random, for the ladder's jitter.
    package static func after(_ error: any Error, of count: Int = 1, attempt: Int, policy: Policy, ladder: RetryLadder, chance: Double) -> Disposition
    {
        func climb(_ description: String, retryAfter: Duration? = nil, exhaustedAs: ErrorType) -> Disposition {
            switch ladder.next(afterAttempt: attempt, limit: policy.attempts, retryAfter: retryAfter, chance: chance) {
            case .retry(let seconds): .retry(afterSeconds: seconds, error: description, errorType: exhaustedAs)
            case .giveUp: .deadLetter(exhaustedAs, description)
            }
        }
        /// The ladder again and again: what held it up is not the message's fault, however often it happens.
        func climbForever(_ description: String) -> Disposition {
            let isLast = ladder.next(afterAttempt: attempt, limit: policy.attempts, retryAfter: nil, chance: chance) == .giveUp
            let seconds = ladder.step(afterAttempt: attempt, chance: chance)
            return .retry(afterSeconds: seconds, error: description, errorType: .timedOut, counts: !isLast)
        }
        if let misconfigured = error as? Misconfigured { return .hold(misconfigured.description) }
        if let error = error as? PostgresError {
            if error.isAway, count == 1 || !error.isTooLarge { return .wait(error.description) }
            if error.isMisfit { return .hold("the database is not the one that this worker was built for: \(error)") }
        }
        if count > 1 { return .split }
        switch error {
        case let problem as Problem: return .reject(problem)
        case let poison as Poison: return .deadLetter(poison.errorType, poison.description)
        case let transient as Transient: return climb(transient.description, retryAfter: transient.retryAfter, exhaustedAs: transient.exhaustedAs)
        case let timedOut as TimedOut:
            let description = "no end within \(policy.timeLimit)"
            guard timedOut.interrupted is PostgresError else { return climb(description, exhaustedAs: .timedOut) }
            return climbForever("\(description): it waited for the database")
        case let error as PostgresError:
            if error.isConflict { return .again }
            if error.isHeldUp { return climbForever(error.description) }
            if error.isRetriable { return climb(error.description, exhaustedAs: .attemptsExhausted) }
            return .deadLetter(.bug, error.description)
        default: return .deadLetter(.bug, String(describing: error))
        }
    }
}
