import Testing

@testable import RabbitMQ

@Suite struct LivenessTests {
    private let start = ContinuousClock.now

    @Test func `a heartbeat is due after half an interval, and two silent intervals end the connection`() {
        var liveness = Liveness(interval: .seconds(10), now: self.start)
        #expect(!liveness.mustSend(self.start + .seconds(4)))
        #expect(liveness.mustSend(self.start + .seconds(5)))
        #expect(liveness.isPeerAlive(self.start + .seconds(19)))
        #expect(!liveness.isPeerAlive(self.start + .seconds(20)))
        #expect(liveness.nextDeadline(hasUnsent: false) == self.start + .seconds(5))
        liveness.sent(self.start + .seconds(18))
        liveness.received(self.start + .seconds(19))
        #expect(liveness.isPeerAlive(self.start + .seconds(38)))
        #expect(liveness.nextDeadline(hasUnsent: false) == self.start + .seconds(23))
    }

    @Test func `while a broker does not read, only its silence counts`() {
        var liveness = Liveness(interval: .seconds(10), now: self.start)
        liveness.received(self.start + .seconds(60))
        #expect(liveness.nextDeadline(hasUnsent: false) == self.start + .seconds(5), "long ago: it would be looked at again and again")
        #expect(liveness.nextDeadline(hasUnsent: true) == self.start + .seconds(80))
    }

    @Test func `reconnects back off up to five seconds, and start over after a good connection`() throws {
        var redial = Redial(now: self.start)
        let (first, second) = (redial.begin(self.start), redial.begin(self.start))
        #expect(first && !second, "one at a time")
        for failures in 0..<20 {
            redial.failed(self.start)
            let deadline = try #require(redial.nextDeadline)
            #expect((self.start...self.start + min(.seconds(5), .milliseconds(100) * (1 << min(failures, 10)))).contains(deadline))
            let begins = redial.begin(self.start + .seconds(5))
            #expect(begins)
        }
        redial.succeeded(self.start)
        redial.failed(self.start + .seconds(6))
        #expect(try #require(redial.nextDeadline) <= self.start + .seconds(6) + .milliseconds(100))
    }
}
