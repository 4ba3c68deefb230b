/// Heartbeats of one connection (AMQP 0-9-1, section 4.2.7): any byte counts as one; after two missed ones the peer counts as dead.
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

    /// When to check the next time.
    /// - Parameter hasUnsent: bytes wait until the socket takes them. They count as a heartbeat, so none is due meanwhile, however long the
    ///   peer does not read.
    func nextDeadline(hasUnsent: Bool) -> ContinuousClock.Instant {
        let silence = self.lastReceived + self.interval * 2
        return hasUnsent ? silence : min(self.lastSent + self.interval / 2, silence)
    }
}
