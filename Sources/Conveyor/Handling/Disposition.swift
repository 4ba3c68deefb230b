import Postgres

/// The decision about messages whose handling threw an error.
package enum Disposition: Sendable, Equatable {
    /// An unknown one of several messages has failed: handle each alone.
    case split
    /// Not a failure: the handler rejected the message.
    case reject(Problem)
    /// Retry by the schedule.
    /// - Parameter counts: false if this attempt must not be the last one.
    case retry(afterSeconds: Int, error: String, errorType: ErrorType, counts: Bool = true)
    /// A person must look at it.
    case deadLetter(ErrorType, String)
    /// Not an attempt: a shared resource is away. Wait for it, then handle the message again.
    case wait(String)
    /// Not an attempt: something is wrong for all messages of the type. They return to the queue until it is repaired.
    case hold(String)
    /// Transaction conflict: handle again at once, without counting an attempt.
    case again

    /// The one function that decides. It is pure: the worker executes the result.
    /// - Parameters:
    ///   - count: the number of messages that were handled together.
    ///   - attempt: the failed attempt, from 1.
    ///   - chance: 0 ..< 1, drawn at random, for the schedule's jitter.
    package static func after(_ error: any Error, of count: Int = 1, attempt: Int, policy: Policy, ladder: RetryLadder, chance: Double) -> Disposition
    {
        func climb(_ description: String, retryAfter: Duration? = nil, exhaustedAs: ErrorType) -> Disposition {
            switch ladder.next(afterAttempt: attempt, limit: policy.attempts, retryAfter: retryAfter, chance: chance) {
            case .retry(let seconds): .retry(afterSeconds: seconds, error: description, errorType: exhaustedAs)
            case .giveUp: .deadLetter(exhaustedAs, description)
            }
        }
        /// Retry without a limit: the delay was not the message's fault.
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
