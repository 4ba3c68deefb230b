/// The canceller of an order's PaymentIntent and the reason, in the shop's terms. Stripe's `cancellation_reason` is a different vocabulary, in which
/// `expired` means something else; it is never used here.
public enum CancellationReason: String, Codable, Sendable, CaseIterable {
    /// The shop: the order's deadline passed.
    case expired
    /// The shop: the order was cancelled.
    case cancelled
    /// The shop: another PaymentIntent replaces it.
    case replaced
    /// Stripe, or a person in its dashboard.
    case stripe

    /// Any other value is Stripe's reason from messages of older versions.
    public init(from decoder: any Decoder) throws {
        self = Self(rawValue: try decoder.singleValueContainer().decode(String.self)) ?? .stripe
    }

    /// The reason to cancel the PaymentIntent of an order in this state.
    public init(of order: OrderStatus) { self = order == .expired ? .expired : .cancelled }
}
