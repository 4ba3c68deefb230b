import Synchronization

/// Sentry for the whole process: off unless `SENTRY_DSN` is set. Reporting never waits and never fails.
public enum Sentry {
    private static let client = Mutex<SentryClient?>(nil)

    static func bootstrap(_ client: SentryClient) { self.client.withLock { $0 = client } }

    /// Reports an event that a person should look at.
    /// - Parameter event: made only if Sentry is on.
    public static func report(_ event: @autoclosure () -> SentryEvent) {
        guard let client = self.client.withLock({ $0 }) else { return }
        client.report(event())
    }
}
