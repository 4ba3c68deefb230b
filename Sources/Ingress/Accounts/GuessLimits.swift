import Conveyor
import Shop
import Synchronization

/// How often an account's password may be guessed wrongly. What was right is not counted.
///
/// Each network has a quota of its own with each account, so nobody can use up the owner's from elsewhere. Networks from which nobody has signed in to
/// the account share one more: however many there are, they guess no faster. (Each ingress counts for itself.)
final class GuessLimits: Sendable {
    /// Whose password it is.
    enum Account: Hashable, Sendable {
        case known(ID)
        /// Nobody's e-mail address: limited in the same way, or it would show who has an account.
        case unknown(email: String)
    }

    private struct Pair: Hashable {
        let account: Account
        let network: IPAddress
    }

    private let near: RateLimiter<Pair>
    private let far: RateLimiter<Account>
    /// Networks that have guessed wrongly of late: others go first.
    private let failed = RateLimiter<IPAddress>(Rate(1, per: 900))
    /// Where somebody signed in.
    private let familiar = Mutex<Set<Pair>>([])
    private static let familiarLimit = 100_000

    /// - Parameter rate: `RATE_LIMIT_AUTH`, which can only make it stricter.
    init(_ rate: Rate) {
        self.near = RateLimiter(rate.stricter(than: Rate(10, per: 900)))
        self.far = RateLimiter(rate.stricter(than: Rate(100, per: 3600)))
    }

    /// Lets a password be tried.
    /// - Parameter attempt: whether it is right.
    /// - Throws: `Refusal` `rate_limited`; what `attempt` throws, which is no guess.
    func guess(_ account: Account, from client: IPAddress, _ attempt: () async throws -> Bool) async throws -> Bool {
        let pair = Pair(account: account, network: client.network)
        let isFamiliar = self.familiar.withLock { $0.contains(pair) }
        // Counted beforehand, or a hundred at once would pass.
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

    /// Whether no wrong guess has come from a client's network of late.
    func isClean(_ client: IPAddress) -> Bool { self.failed.standing(of: client.network).isAllowed }
}
