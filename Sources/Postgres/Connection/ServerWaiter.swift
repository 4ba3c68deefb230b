import EventThread

/// A call that waits for the server.
struct ServerWaiter {
    /// What the socket is polled for; empty if only an interrupt or the deadline can end the wait.
    let events: Readiness
    let deadline: ContinuousClock.Instant?
    let continuation: CheckedContinuation<Readiness, Never>

    /// Lets the call go on; empty: not because of the socket.
    func resume(_ ready: Readiness) { self.continuation.resume(returning: ready) }
}
