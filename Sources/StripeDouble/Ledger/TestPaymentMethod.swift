/// The supported payment methods of https://docs.stripe.com/testing, by id.
enum TestPaymentMethod: String, Sendable, Codable, CaseIterable {
    case visa = "pm_card_visa"
    case mastercard = "pm_card_mastercard"
    case amex = "pm_card_amex"
    case declined = "pm_card_chargeDeclined"
    case visaDeclined = "pm_card_visa_chargeDeclined"
    case insufficientFunds = "pm_card_visa_chargeDeclinedInsufficientFunds"
    case lostCard = "pm_card_visa_chargeDeclinedLostCard"
    case stolenCard = "pm_card_visa_chargeDeclinedStolenCard"
    case expiredCard = "pm_card_chargeDeclinedExpiredCard"
    case incorrectCvc = "pm_card_chargeDeclinedIncorrectCvc"
    case processingError = "pm_card_chargeDeclinedProcessingError"
    case fraudulent = "pm_card_radarBlock"
    case authenticationRequired = "pm_card_authenticationRequired"
    case createDispute = "pm_card_createDispute"
    case pendingRefund = "pm_card_pendingRefund"
    case refundFail = "pm_card_refundFail"
    case bankAccount = "pm_usBankAccount_success"
    case bankAccountWithoutFunds = "pm_usBankAccount_insufficientFunds"
    case bankAccountProcessing = "pm_usBankAccount_processing"

    /// The result of a confirmation with it.
    enum Outcome: Sendable, Equatable {
        case succeeds
        case declined(code: String, declineCode: String?, message: String)
        /// 3-D Secure first.
        case authenticates
        /// `processing` for a while; then paid (nil), or failed with this error. `settles: false` waits for the control API.
        case processes(failure: PaymentError?, settles: Bool)
    }

    /// The method with an id, with or without the brand: `pm_card_chargeDeclinedLostCard` is `pm_card_visa_chargeDeclinedLostCard`.
    init?(id: String) {
        let candidates = [id, id.replacing("pm_card_visa_", with: "pm_card_"), id.replacing("pm_card_", with: "pm_card_visa_")]
        guard let match = candidates.lazy.compactMap(Self.init(rawValue:)).first else { return nil }
        self = match
    }

    /// The method with the number of a test card, as a card form sends it.
    init?(number: String) {
        let digits = number.filter(\.isNumber)
        guard let match = Self.allCases.first(where: { $0.number == digits }) else { return nil }
        self = match
    }

    /// The card's number, or nil for a bank account.
    var number: String? {
        switch self {
        case .visa: "4242424242424242"
        case .mastercard: "5555555555554444"
        case .amex: "378282246310005"
        case .declined, .visaDeclined: "4000000000000002"
        case .insufficientFunds: "4000000000009995"
        case .lostCard: "4000000000009987"
        case .stolenCard: "4000000000009979"
        case .expiredCard: "4000000000000069"
        case .incorrectCvc: "4000000000000127"
        case .processingError: "4000000000000119"
        case .fraudulent: "4100000000000019"
        case .authenticationRequired: "4000002500003155"
        case .createDispute: "4000000000000259"
        case .pendingRefund: "4000000000007726"
        case .refundFail: "4000000000005126"
        case .bankAccount, .bankAccountWithoutFunds, .bankAccountProcessing: nil
        }
    }

    var brand: String {
        switch self {
        case .mastercard: "mastercard"
        case .amex: "amex"
        default: "visa"
        }
    }

    var outcome: Outcome {
        switch self {
        case .visa, .mastercard, .amex, .createDispute, .pendingRefund, .refundFail: .succeeds
        case .declined, .visaDeclined: Self.decline("generic_decline", "Your card was declined.")
        case .insufficientFunds: Self.decline("insufficient_funds", "Your card has insufficient funds.")
        case .lostCard: Self.decline("lost_card", "Your card was declined.")
        case .stolenCard: Self.decline("stolen_card", "Your card was declined.")
        case .fraudulent: Self.decline("fraudulent", "Your card was declined.")
        case .expiredCard: .declined(code: "expired_card", declineCode: "expired_card", message: "Your card has expired.")
        case .incorrectCvc: .declined(code: "incorrect_cvc", declineCode: "incorrect_cvc", message: "Your card's security code is incorrect.")
        case .processingError:
            .declined(
                code: "processing_error", declineCode: "processing_error",
                message: "An error occurred while processing your card. Try again in a little bit.")
        case .authenticationRequired: .authenticates
        case .bankAccount: .processes(failure: nil, settles: true)
        case .bankAccountWithoutFunds: .processes(failure: Self.bankFailure, settles: true)
        case .bankAccountProcessing: .processes(failure: nil, settles: false)
        }
    }

    /// The error of a bank's late refusal.
    static let bankFailure = PaymentError(
        code: "payment_method_provider_decline", declineCode: "insufficient_funds",
        message: "The customer's account has insufficient funds to cover this payment.", type: StripeError.Kind.invalidRequest.rawValue)

    private static func decline(_ declineCode: String, _ message: String) -> Outcome {
        .declined(code: "card_declined", declineCode: declineCode, message: message)
    }
}

/// The payment method of one payment: https://docs.stripe.com/api/payment_methods/object
struct PaymentMethod: Stored {
    let id: String
    let serial: Int
    let created: Int
    let test: TestPaymentMethod
}
