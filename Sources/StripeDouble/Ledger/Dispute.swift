/// https://docs.stripe.com/api/disputes/object, as far as the double simulates it.
struct Dispute: Stored {
    enum Status: String, Sendable, Codable, CaseIterable {
        case needsResponse = "needs_response"
        case underReview = "under_review"
        case won, lost
        case warningNeedsResponse = "warning_needs_response"
        case warningUnderReview = "warning_under_review"
        case warningClosed = "warning_closed"

        var isClosed: Bool { [.won, .lost, .warningClosed].contains(self) }
        /// An inquiry: no money has moved, a refund is still possible.
        var isWarning: Bool { [.warningNeedsResponse, .warningUnderReview, .warningClosed].contains(self) }
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
