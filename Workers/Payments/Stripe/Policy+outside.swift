import Conveyor

extension Policy {
    /// For what asks Stripe. A batch is committed when the last of it was answered, so it is small: a call that takes its time holds up one customer, not
    /// a dozen.
    static func outside(_ timeLimit: Duration) -> Policy { Policy(largestBatch: 2, timeLimit: timeLimit) }
}
