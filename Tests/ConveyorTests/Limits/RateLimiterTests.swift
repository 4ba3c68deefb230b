import Conveyor
import Testing

@Suite struct RateLimiterTests {
    private let start = ContinuousClock.now + .seconds(1)

    @Test func `a quota may be used at once, and is restored evenly`() {
        let limiter = RateLimiter<String>(quota: 3, per: .seconds(30))
        for left in [2, 1, 0] {
            let standing = limiter.take("a", at: self.start)
            #expect(standing.isAllowed && standing.remaining == left && standing.wait == .zero)
        }
        let refused = limiter.take("a", at: self.start)
        #expect(!refused.isAllowed && refused.remaining == 0 && refused.wait == .seconds(10) && refused.reset == .seconds(30))
        // No second quota begins at the edge of a window.
        #expect(!limiter.take("a", at: self.start + .seconds(9)).isAllowed)
        #expect(limiter.take("a", at: self.start + .seconds(10)).isAllowed)
        #expect(!limiter.take("a", at: self.start + .seconds(11)).isAllowed)
        #expect(limiter.take("b", at: self.start).isAllowed, "another key has a quota of its own")
        #expect(limiter.take("a", at: self.start + .seconds(1000)).remaining == 2, "and it is whole after its window")
    }

    @Test func `reading the state and giving back count nothing`() {
        let limiter = RateLimiter<String>(quota: 1, per: .seconds(60))
        #expect(limiter.standing(of: "a", at: self.start).isAllowed)
        #expect(limiter.take("a", at: self.start).isAllowed)
        #expect(!limiter.standing(of: "a", at: self.start).isAllowed)
        limiter.giveBack("a")
        #expect(limiter.take("a", at: self.start).isAllowed)
    }

    @Test func `keys beyond the capacity share one quota, and restored ones make room`() {
        let limiter = RateLimiter<Int>(quota: 1, per: .seconds(60), capacity: 10)
        for key in 0..<10 { #expect(limiter.take(key, at: self.start).isAllowed) }
        #expect(limiter.take(10, at: self.start).isAllowed)
        #expect(!limiter.take(11, at: self.start).isAllowed)
        #expect(limiter.take(11, at: self.start + .seconds(61)).isAllowed)
        #expect(limiter.take(12, at: self.start + .seconds(61)).isAllowed)
    }

    @Test(arguments: [(0, Duration.zero), (.max, .seconds(Int64.max)), (.min, .seconds(-1)), (1, .nanoseconds(1))] as [(Int, Duration)])
    func `extreme quotas and times are handled`(quota: Int, window: Duration) {
        let limiter = RateLimiter<String>(quota: quota, per: window)
        #expect(limiter.take("a", at: self.start).isAllowed)
        #expect(limiter.take("a", at: self.start + .seconds(1_000_000_000)).isAllowed)
    }
}
