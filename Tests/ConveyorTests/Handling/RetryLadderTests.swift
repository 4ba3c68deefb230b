import Testing

@testable import Conveyor

@Suite struct RetryLadderTests {
    let ladder = RetryLadder(delays: [1, 5, 30])

    @Test(arguments: [(1, 1), (2, 5), (3, 30)])
    func `each delay is longer than the one before`(attempt: Int, seconds: Int) {
        #expect(self.ladder.next(afterAttempt: attempt, limit: nil, retryAfter: nil, chance: 0.5) == .retry(after: seconds))
    }

    @Test func `one in five waits one step longer, but never more than the last`() {
        #expect(self.ladder.next(afterAttempt: 1, limit: nil, retryAfter: nil, chance: 0.1) == .retry(after: 5))
        #expect(self.ladder.next(afterAttempt: 3, limit: nil, retryAfter: nil, chance: 0.1) == .retry(after: 30))
    }

    @Test func `after the last step there is no retry`() {
        #expect(self.ladder.next(afterAttempt: 4, limit: nil, retryAfter: nil, chance: 0.5) == .giveUp)
        #expect(self.ladder.next(afterAttempt: 2, limit: 2, retryAfter: nil, chance: 0.5) == .giveUp)
    }

    @Test func `more attempts than delays repeat the last delay`() {
        #expect(self.ladder.next(afterAttempt: 7, limit: 10, retryAfter: nil, chance: 0.5) == .retry(after: 30))
    }

    @Test func `a Retry-After selects the first delay that is long enough`() {
        #expect(self.ladder.next(afterAttempt: 1, limit: nil, retryAfter: .seconds(4), chance: 0.5) == .retry(after: 5))
        #expect(self.ladder.next(afterAttempt: 1, limit: nil, retryAfter: .seconds(1), chance: 0.5) == .retry(after: 1))
        #expect(self.ladder.next(afterAttempt: 1, limit: nil, retryAfter: .seconds(900), chance: 0.5) == .retry(after: 30))
    }
}
