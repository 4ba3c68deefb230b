import Postgres
import Shop

/// What becomes of a message whose handling threw.
enum Disposition: Sendable, Equatable {
    /// An answer after all: the business says no.
    case reject(Problem)
    /// Back by the ladder.
    case retry(afterSeconds: Int, error: String, errorType: ErrorType)
    /// A person must look at it.
    case deadLetter(ErrorType, String)
    /// No attempt of the message's: something that every message needs is away. Wait for it, then handle the message again.
    case wait(String)
    /// No attempt of the message's: two transactions met. Handle it again at once.
    case again

    /// The one place that decides it. Pure: the worker only obeys.
    /// - Parameters:
    ///   - attempt: the one that failed, from 1.
    ///   - chance: 0 ..< 1, drawn at random, for the ladder's jitter.
    static func after(_ error: any Error, attempt: Int, policy: Policy, ladder: RetryLadder, chance: Double) -> Disposition {
        func climb(_ description: String, retryAfter: Duration?, exhaustedAs: ErrorType) -> Disposition {
            switch ladder.next(afterAttempt: attempt, limit: policy.attempts, retryAfter: retryAfter, chance: chance) {
            case .retry(let seconds): .retry(afterSeconds: seconds, error: description, errorType: exhaustedAs)
            case .giveUp: .deadLetter(exhaustedAs, description)
            }
        }
        switch error {
        case let problem as Problem: return .reject(problem)
        case let poison as Poison: return .deadLetter(poison.errorType, poison.description)
        case let transient as Transient: return climb(transient.description, retryAfter: transient.retryAfter, exhaustedAs: transient.exhaustedAs)
        case let misconfigured as Misconfigured: return .wait(misconfigured.description)
        case is TimedOut: return climb("no end within \(policy.timeLimit)", retryAfter: nil, exhaustedAs: .timedOut)
        case let error as PostgresError:
            if error.isAway { return .wait(error.description) }
            if error.isConflict { return .again }
            if error.isRetriable { return climb(error.description, retryAfter: nil, exhaustedAs: .attemptsExhausted) }
            return .deadLetter(.bug, error.description)
        default: return .deadLetter(.bug, String(describing: error))
        }
    }
}
