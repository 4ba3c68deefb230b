/// Something that goes wrong on demand with the calls that it matches.
struct Fault: Sendable {
    enum Kind: Sendable {
        /// An answer of its own instead of the work. If `isKept`, the work counts as begun, and the answer is kept under the call's key.
        case status(Int, shouldRetry: Bool?, retryAfter: Int?, isKept: Bool)
        /// The work is done and kept, and the connection closed without an answer.
        case answerLost
        /// The connection is closed before any work.
        case refused
        /// The answer takes that many seconds; the work is done before, or after.
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
    /// Any method if nil.
    let method: String?
    /// Of the path, `/v1/payment_intents/*/confirm`.
    let path: Pattern
    let kind: Kind
    /// Matching calls that pass before the first that fails.
    var skip: Int
    /// Calls that still fail; without end if nil.
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
    /// What a fault of that status answers.
    static func fault(status: Int) -> Self {
        switch status {
        case 429:
            Self(
                status: 429, kind: .rateLimit, code: "rate_limit",
                message: "Request rate limit exceeded. Learn more about rate limits here https://docs.stripe.com/rate-limits.")
        case 500...: Self(status: status, kind: .api, message: "An unknown error occurred")
        default: Self(status: status, message: "The double was told to fail.")
        }
    }
}
