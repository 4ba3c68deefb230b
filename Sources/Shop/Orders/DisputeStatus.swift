/// The status of a dispute.
public enum DisputeStatus: String, Codable, Sendable, CaseIterable {
    /// An inquiry: the bank only asks, and no money has moved.
    case warningNeedsResponse = "warning_needs_response"
    case warningUnderReview = "warning_under_review"
    case warningClosed = "warning_closed"
    /// The card network settled it before it became a dispute.
    case prevented
    /// The bank has withdrawn the money.
    case needsResponse = "needs_response"
    case underReview = "under_review"
    case lost
    /// The shop appeals against a lost dispute.
    case appealNeedsResponse = "appeal_needs_response"
    case appealUnderReview = "appeal_under_review"
    case won

    /// Whether it ended in the shop's favour, so that its order is no longer flagged.
    public var isSettledWell: Bool {
        switch self {
        case .warningClosed, .prevented, .won: true
        case .warningNeedsResponse, .warningUnderReview, .needsResponse, .underReview, .lost, .appealNeedsResponse, .appealUnderReview: false
        }
    }
}
