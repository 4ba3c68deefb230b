import Conveyor

extension Policy {
    /// The policy of handlers that call Stripe. A batch is committed after its last call, so it is small: a slow call delays one customer instead of
    /// a dozen.
    static func outside(_ timeLimit: Duration) -> Policy { Policy(largestBatch: 2, timeLimit: timeLimit) }
}
