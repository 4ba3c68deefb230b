import Conveyor
import Shop

/// A value from a Stripe enumeration, which may grow without notice
/// (docs.stripe.com/upgrades#what-changes-does-stripe-consider-to-be-backward-compatible).
///
/// Only this file maps Stripe's values to the shop's; tables and messages contain the shop's alone.
struct StripeWord<Meaning: StripeMeaning>: Decodable, Sendable {
    /// As Stripe wrote it, for people.
    let text: String

    init(_ text: String) { self.text = text }

    init(from decoder: any Decoder) throws { self.text = try decoder.singleValueContainer().decode(String.self) }

    /// The shop's meaning; nil for an unknown value: its object is stored, without effect.
    var meaning: Meaning? { Meaning.stripeWords[self.text] }
}

/// The meanings of the values of one Stripe enumeration.
protocol StripeMeaning: Sendable {
    /// By Stripe's values, including those of older API versions.
    static var stripeWords: [String: Self] { get }
}

/// The status of a PaymentIntent (docs.stripe.com/payments/paymentintents/lifecycle).
enum IntentStatus: String, StripeMeaning, CaseIterable {
    case requiresPaymentMethod = "requires_payment_method"
    case requiresConfirmation = "requires_confirmation"
    case requiresAction = "requires_action"
    case processing
    case requiresCapture = "requires_capture"
    case succeeded, canceled

    static let stripeWords: [String: Self] = [
        "requires_payment_method": .requiresPaymentMethod, "requires_confirmation": .requiresConfirmation, "requires_action": .requiresAction,
        "processing": .processing, "requires_capture": .requiresCapture, "succeeded": .succeeded, "canceled": .canceled,
        // Before 2019-02-11.
        "requires_source": .requiresPaymentMethod, "requires_source_action": .requiresAction,
    ]

    /// Whether the status is final.
    var isFinal: Bool { self == .succeeded || self == .canceled }
}

/// The status of a refund. It never goes back in this order, even if an event comes late.
enum RefundStatus: String, StripeMeaning, CaseIterable, Comparable {
    /// Refused by Stripe, or unknown to it: nothing was refunded.
    case refused
    /// The amount is held here, and the refund is requested from Stripe.
    case held
    case pending
    case requiresAction = "requires_action"
    case succeeded
    /// Perhaps days after it had succeeded.
    case failed, canceled

    // `held` and `refused` are the shop's own values.
    static let stripeWords: [String: Self] = [
        "pending": .pending, "requires_action": .requiresAction, "succeeded": .succeeded, "failed": .failed, "canceled": .canceled,
    ]

    private var rank: Int {
        switch self {
        case .refused: 0
        case .held: 1
        case .pending: 2
        case .requiresAction: 3
        case .succeeded: 4
        case .failed, .canceled: 5
        }
    }

    static func < (one: Self, other: Self) -> Bool { one.rank < other.rank }

    /// Whether it counts as refunded.
    var isStanding: Bool { (2...4).contains(self.rank) }
}

extension DisputeStatus: StripeMeaning {
    static let stripeWords: [String: Self] = [
        "warning_needs_response": .warningNeedsResponse, "warning_under_review": .warningUnderReview, "warning_closed": .warningClosed,
        "prevented": .prevented, "needs_response": .needsResponse, "under_review": .underReview, "lost": .lost,
        "appeal_needs_response": .appealNeedsResponse, "appeal_under_review": .appealUnderReview, "won": .won,
        // Older versions: an inquiry that ended with a refund of the payment.
        "charge_refunded": .warningClosed,
    ]
}

extension CancellationReason {
    /// The values that the shop sends to Stripe; they decide nothing when they come back.
    var stripeWord: String {
        switch self {
        case .expired: "abandoned"
        case .cancelled, .stripe: "requested_by_customer"
        case .replaced: "duplicate"
        }
    }
}
