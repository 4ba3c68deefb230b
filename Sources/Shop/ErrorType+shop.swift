public import Conveyor

extension ErrorType {
    /// Stripe rejected the request as invalid.
    public static let refusedByStripe = Self("refused_by_stripe")
    /// The mail server rejected the e-mail for good.
    public static let refusedBySMTP = Self("refused_by_smtp")
    /// The push service rejected the request as invalid.
    public static let refusedByPush = Self("refused_by_push")
    /// The amount or currency at Stripe differs from the order's.
    public static let amountMismatch = Self("amount_mismatch")

    /// All error types that the shop adds.
    public static let all: [ErrorType] = Self.machinery + [.refusedByStripe, .refusedBySMTP, .refusedByPush, .amountMismatch]

    /// The type with a name; nil if the shop has none.
    public init?(known name: String) {
        guard let type = Self.all.first(where: { $0.rawValue == name }) else { return nil }
        self = type
    }
}
