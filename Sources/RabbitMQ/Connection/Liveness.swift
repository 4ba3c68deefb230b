/// Heartbeats of one connection (AMQP 0-9-1, section 4.2.7): any byte counts as one; two missed ones are the end.
struct Liveness {
    private let interval: Duration
    private var lastSent: ContinuousClock.Instant
    private var lastReceived: ContinuousClock.Instant

    init(interval: Duration, now: ContinuousClock.Instant) {
        self.interval = interval
        self.lastSent = now
        self.lastReceived = now
    }

    mutating func sent(_ now: ContinuousClock.Instant) { self.lastSent = now }
    mutating func received(_ now: ContinuousClock.Instant) { self.lastReceived = now }

    func mustSend(_ now: ContinuousClock.Instant) -> Bool { now >= self.lastSent + self.interval / 2 }
    func isPeerAlive(_ now: ContinuousClock.Instant) -> Bool { now < self.lastReceived + self.interval * 2 }

    /// When one of the two has to be looked at again.
    /// - Parameter hasUnsent: bytes wait until the socket takes them. They will say that we are alive, so no heartbeat is due meanwhile, however long
    ///   the peer does not read.
    func nextDeadline(hasUnsent: Bool) -> ContinuousClock.Instant {
        let silence = self.lastReceived + self.interval * 2
        return hasUnsent ? silence : min(self.lastSent + self.interval / 2, silence)
    }
}
