/// Messages from one caller, which waits for their confirms.
struct Submission: Sendable {
    /// The form in which the caller waits.
    enum Caller: Sendable {
        case single(Outgoing, CheckedContinuation<PublishFailure?, Never>)
        case batch([Outgoing], CheckedContinuation<[PublishFailure?], Never>)
    }

    let caller: Caller
    /// When the caller's wait fails with ``PublishFailure/notConfirmed``.
    let deadline: ContinuousClock.Instant

    var isBatch: Bool { if case .batch = self.caller { true } else { false } }
}

/// The receiver of one message's result. Used on the connection's thread only.
enum Reply {
    case single(CheckedContinuation<PublishFailure?, Never>)
    case part(BatchReply, index: Int)

    /// Passes the result on; nil: confirmed. Call it once.
    func resume(_ failure: PublishFailure?) {
        switch self {
        case .single(let continuation): continuation.resume(returning: failure)
        case .part(let batch, let index): batch.resume(failure, at: index)
        }
    }
}

/// Collects the results of a batch. Used on the connection's thread only.
final class BatchReply {
    private let continuation: CheckedContinuation<[PublishFailure?], Never>
    private var failures: [PublishFailure?]
    private var missing: Int

    init(count: Int, continuation: CheckedContinuation<[PublishFailure?], Never>) {
        self.continuation = continuation
        self.failures = Array(repeating: nil, count: count)
        self.missing = count
    }

    func resume(_ failure: PublishFailure?, at index: Int) {
        if let failure { self.failures[index] = failure }
        self.missing -= 1
        if self.missing == 0 { self.continuation.resume(returning: self.failures) }
    }
}
