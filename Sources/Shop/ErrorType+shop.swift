public import Conveyor

extension ErrorType {
    /// Stripe says that the request itself is wrong.
    public static let refusedByStripe = Self("refused_by_stripe")
    /// The mail server refuses the mail for good.
    public static let refusedBySMTP = Self("refused_by_smtp")
    /// The push service says that what was sent to it is wrong.
    public static let refusedByPush = Self("refused_by_push")
    /// Stripe's amount or currency is not the order's.
    public static let amountMismatch = Self("amount_mismatch")

    /// Every type of the shop's dead letters.
    public static let all: [ErrorType] = Self.machinery + [.refusedByStripe, .refusedBySMTP, .refusedByPush, .amountMismatch]

    /// The type of that name; nil if the shop has none.
    public init?(known name: String) {
        guard let type = Self.all.first(where: { $0.rawValue == name }) else { return nil }
        self = type
    }
}
