/// https://docs.stripe.com/api/disputes/object, as far as the double simulates it.
struct Dispute: Stored {
    enum Status: String, Sendable, Codable, CaseIterable {
        case needsResponse = "needs_response"
        case underReview = "under_review"
        case won, lost
        case warningNeedsResponse = "warning_needs_response"
        case warningUnderReview = "warning_under_review"
        case warningClosed = "warning_closed"
        case appealNeedsResponse = "appeal_needs_response"
        case appealUnderReview = "appeal_under_review"
        case prevented

        var isClosed: Bool { [.won, .lost, .warningClosed, .prevented].contains(self) }
        /// Whether it is an inquiry: no money has moved, and a refund is still possible.
        var isWarning: Bool { [.warningNeedsResponse, .warningUnderReview, .warningClosed, .prevented].contains(self) }
        /// Whether a closed dispute may continue with this status: an inquiry may return as a chargeback, and a lost dispute may be appealed.
        func mayReopen(as next: Self) -> Bool {
            switch self {
            case .warningClosed: next == .needsResponse
            case .lost: next == .appealNeedsResponse
            default: false
            }
        }
    }

    let id: String
    let serial: Int
    let created: Int
    let amount: Int
    let currency: String
    let charge: String
    let paymentIntent: String
    var reason: String
    var status: Status
    var evidence: Form = .empty
    var submissions = 0
    var metadata: [String: String] = [:]
}
