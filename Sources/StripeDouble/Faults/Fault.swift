/// A fault that a test has requested for matching calls.
struct Fault: Sendable {
    enum Kind: Sendable {
        /// Answers with a status instead of doing the work. If `isKept`, the work counts as begun, and the answer is kept under the call's key.
        case status(Int, shouldRetry: Bool?, retryAfter: Int?, isKept: Bool)
        /// Does the work and keeps the answer, but closes the connection without sending it.
        case answerLost
        /// Closes the connection before any work.
        case refused
        /// Delays the answer; the work is done before or after the delay.
        case hang(seconds: Double, worksFirst: Bool)

        var name: String {
            switch self {
            case .status(let status, _, _, _): "status \(status)"
            case .answerLost: "answer_lost"
            case .refused: "connection_refused"
            case .hang: "hang"
            }
        }
    }

    let id: String
    /// Nil matches any method.
    let method: String?
    /// Matches the path, e.g. `/v1/payment_intents/*/confirm`.
    let path: Pattern
    let kind: Kind
    /// Number of matching calls that succeed before the first failure.
    var skip: Int
    /// Number of calls that still fail; nil means all.
    var left: Int?
    /// Calls that have failed.
    var hits = 0

    init(_ parameters: inout Parameters) throws(StripeError) {
        enum Name: String, CaseIterable {
            case status, hang
            case answerLost = "answer_lost"
            case refused = "connection_refused"
        }
        enum Moment: String, CaseIterable { case before, after }
        let name = try parameters.choice("kind", as: Name.self)
        let status = try parameters.integer("status")
        let shouldRetry = try parameters.boolean("should_retry")
        let retryAfter = try parameters.integer("retry_after")
        let isKept = try parameters.boolean("kept") ?? false
        let seconds = try parameters.seconds("seconds")
        let moment = try parameters.choice("hang", as: Moment.self) ?? .after
        self.id = Identifier.make("fault", length: 8)
        self.method = try parameters.text("method")?.uppercased()
        self.path = Pattern(try parameters.text("path") ?? "/v1/*")
        self.skip = try parameters.integer("skip") ?? 0
        self.left = try parameters.integer("count")
        try parameters.refuseUnknown()
        switch name {
        case nil: throw .missing("kind")
        case .status:
            guard let status else { throw .missing("status") }
            guard (400..<600).contains(status) else { throw .badRequest("The status must be from 400 to 599.", param: "status") }
            self.kind = .status(status, shouldRetry: shouldRetry, retryAfter: retryAfter, isKept: isKept)
        case .answerLost: self.kind = .answerLost
        case .refused: self.kind = .refused
        case .hang:
            guard let seconds else { throw .missing("seconds") }
            self.kind = .hang(seconds: max(seconds, 0), worksFirst: moment == .after)
        }
    }

    func matches(method: String, path: String) -> Bool { (self.method.map { $0 == method } ?? true) && self.path.matches(path) }

    var json: JSON {
        [
            "id": .string(self.id), "method": .text(self.method), "path": .string(self.path.text), "kind": .string(self.kind.name),
            "skip": .integer(self.skip), "count": .count(self.left), "hits": .integer(self.hits),
        ]
    }
}

extension StripeError {
    /// The answer of a fault with this status.
    static func fault(status: Int) -> Self {
        switch status {
        case 429:
            Self(
                status: 429, kind: .rateLimit, code: "rate_limit",
                message: "Request rate limit exceeded. Learn more about rate limits here https://docs.stripe.com/rate-limits.")
        case 500...: Self(status: status, kind: .api, message: "An unknown error occurred")
        default: Self(status: status, message: "This failure was requested from the double.")
        }
    }
}
