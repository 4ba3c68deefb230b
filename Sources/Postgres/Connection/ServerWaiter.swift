import EventThread

/// A call that waits for the server.
struct ServerWaiter {
    /// The events to poll for; empty if only an interrupt or the deadline can end the wait.
    let events: Readiness
    let deadline: ContinuousClock.Instant?
    let continuation: CheckedContinuation<Readiness, Never>

    /// Lets the call go on; an empty set means that the socket was not the reason.
    func resume(_ ready: Readiness) { self.continuation.resume(returning: ready) }
}
