import Conveyor
import Shop

/// A word from a Stripe list; the lists grow without notice (docs.stripe.com/upgrades#what-changes-does-stripe-consider-to-be-backward-compatible).
///
/// This file is the one place where Stripe's words become the shop's; the tables and messages hold the shop's alone.
struct StripeWord<Meaning: StripeMeaning>: Decodable, Sendable {
    /// As Stripe wrote it: for people.
    let text: String

    init(_ text: String) { self.text = text }

    init(from decoder: any Decoder) throws { self.text = try decoder.singleValueContainer().decode(String.self) }

    /// What it means here; nil for a word that is not known: what bears it is kept, and has no effect.
    var meaning: Meaning? { Meaning.stripeWords[self.text] }
}

/// The meanings of the words of one Stripe list.
protocol StripeMeaning: Sendable {
    /// By Stripe's words, those of older versions of its API too.
    static var stripeWords: [String: Self] { get }
}

/// How a PaymentIntent stands (docs.stripe.com/payments/paymentintents/lifecycle).
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

    /// It never changes again.
    var isFinal: Bool { self == .succeeded || self == .canceled }
}

/// How a refund stands. It never goes back in this order, whatever comes late.
enum RefundStatus: String, StripeMeaning, CaseIterable, Comparable {
    /// By Stripe, or not known to it: nothing was given back.
    case refused
    /// Its amount is held here, and Stripe is asked for it.
    case held
    case pending
    case requiresAction = "requires_action"
    case succeeded
    /// Perhaps days after it had succeeded.
    case failed, canceled

    // `held` and `refused` are our own words.
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

    /// It counts as given back.
    var isStanding: Bool { (2...4).contains(self.rank) }
}

extension DisputeStatus: StripeMeaning {
    static let stripeWords: [String: Self] = [
        "warning_needs_response": .warningNeedsResponse, "warning_under_review": .warningUnderReview, "warning_closed": .warningClosed,
        "prevented": .prevented, "needs_response": .needsResponse, "under_review": .underReview, "lost": .lost,
        "appeal_needs_response": .appealNeedsResponse, "appeal_under_review": .appealUnderReview, "won": .won,
        // Of older versions: an inquiry that ended as the payment was refunded.
        "charge_refunded": .warningClosed,
    ]
}

extension CancellationReason {
    /// The words that we send to Stripe; they decide nothing here when they come back.
    var stripeWord: String {
        switch self {
        case .expired: "abandoned"
        case .cancelled, .stripe: "requested_by_customer"
        case .replaced: "duplicate"
        }
    }
}
