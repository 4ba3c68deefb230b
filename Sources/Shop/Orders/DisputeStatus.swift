/// How a dispute stands.
public enum DisputeStatus: String, Codable, Sendable, CaseIterable {
    /// An inquiry: the bank only asks, no money has moved.
    case warningNeedsResponse = "warning_needs_response"
    case warningUnderReview = "warning_under_review"
    case warningClosed = "warning_closed"
    /// The card network has settled it before it became one.
    case prevented
    /// The bank has taken the money back.
    case needsResponse = "needs_response"
    case underReview = "under_review"
    case lost
    /// One that was lost goes to the next instance.
    case appealNeedsResponse = "appeal_needs_response"
    case appealUnderReview = "appeal_under_review"
    case won

    /// Whether it ended in the shop's favour: then its order is flagged no more.
    public var isSettledWell: Bool {
        switch self {
        case .warningClosed, .prevented, .won: true
        case .warningNeedsResponse, .warningUnderReview, .needsResponse, .underReview, .lost, .appealNeedsResponse, .appealUnderReview: false
        }
    }
}
