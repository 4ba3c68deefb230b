import Conveyor
import Shop
import Synchronization

/// Limits wrong passwords per account. Right ones are not counted.
///
/// Each network has its own quota per account, so an attacker elsewhere cannot use up the owner's. All networks without a successful sign-in to
/// the account share one more quota, so many networks guess no faster than one. (Each ingress counts for itself.)
final class GuessLimits: Sendable {
    /// The account whose password is guessed.
    enum Account: Hashable, Sendable {
        case known(ID)
        /// An address without an account: limited in the same way, or the limit would reveal which accounts exist.
        case unknown(email: String)
    }

    private struct Pair: Hashable {
        let account: Account
        let network: IPAddress
    }

    private let near: RateLimiter<Pair>
    private let far: RateLimiter<Account>
    /// Networks with recent wrong guesses: others are served first.
    private let failed = RateLimiter<IPAddress>(Rate(1, per: 900))
    /// Networks with a successful sign-in.
    private let familiar = Mutex<Set<Pair>>([])
    private static let familiarLimit = 100_000

    /// - Parameter rate: `RATE_LIMIT_AUTH`, which can only make the limit stricter.
    init(_ rate: Rate) {
        self.near = RateLimiter(rate.stricter(than: Rate(10, per: 900)))
        self.far = RateLimiter(rate.stricter(than: Rate(100, per: 3600)))
    }

    /// Runs one attempt with a password.
    /// - Parameter attempt: returns whether the password is right.
    /// - Throws: `Refusal` `rate_limited`; the error of `attempt`, which does not count as a guess.
    func guess(_ account: Account, from client: IPAddress, _ attempt: () async throws -> Bool) async throws -> Bool {
        let pair = Pair(account: account, network: client.network)
        let isFamiliar = self.familiar.withLock { $0.contains(pair) }
        // Counted before the attempt, or a hundred simultaneous ones would pass.
        let near = self.near.take(pair)
        guard near.isAllowed else { throw Refusal.tooMany("Too many wrong passwords", wait: near.wait) }
        if !isFamiliar {
            let far = self.far.take(account)
            guard far.isAllowed else {
                self.near.giveBack(pair)
                throw Refusal.tooMany("Too many wrong passwords", wait: far.wait)
            }
        }
        func giveBack() {
            self.near.giveBack(pair)
            if !isFamiliar { self.far.giveBack(account) }
        }
        let isRight: Bool
        do {
            isRight = try await attempt()
        } catch {
            giveBack()
            throw error
        }
        if isRight {
            giveBack()
            self.familiar.withLock { familiar in
                if familiar.count >= Self.familiarLimit { familiar.removeAll() }
                familiar.insert(pair)
            }
        } else {
            _ = self.failed.take(client.network)
        }
        return isRight
    }

    /// Whether a client's network has no recent wrong guess.
    func isClean(_ client: IPAddress) -> Bool { self.failed.standing(of: client.network).isAllowed }
}
