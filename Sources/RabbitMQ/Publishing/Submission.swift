/// Messages that one caller has handed over and waits for.
struct Submission: Sendable {
    /// What the caller waits with.
    enum Caller: Sendable {
        case single(Outgoing, CheckedContinuation<PublishFailure?, Never>)
        case batch([Outgoing], CheckedContinuation<[PublishFailure?], Never>)
    }

    let caller: Caller
    /// When it is told that no confirm came.
    let deadline: ContinuousClock.Instant
}

/// Who is told how one message ended. Belongs to the connection's thread.
enum Reply {
    case single(CheckedContinuation<PublishFailure?, Never>)
    case part(BatchReply, index: Int)

    /// Says how it ended; nil: confirmed. To be called once.
    func resume(_ failure: PublishFailure?) {
        switch self {
        case .single(let continuation): continuation.resume(returning: failure)
        case .part(let batch, let index): batch.resume(failure, at: index)
        }
    }
}

/// Gathers the ends of a batch's messages. Belongs to the connection's thread.
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
