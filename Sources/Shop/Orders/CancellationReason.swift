/// Why an order's PaymentIntent was given up, and by which side: the shop's own words. Stripe's `cancellation_reason` is another vocabulary, in which
/// `expired` means something else; it never comes here.
public enum CancellationReason: String, Codable, Sendable, CaseIterable {
    /// The shop, as the order's deadline had passed.
    case expired
    /// The shop, as the order was given up.
    case cancelled
    /// The shop, as another PaymentIntent takes its place.
    case replaced
    /// Stripe by itself, or somebody in its dashboard.
    case stripe

    /// Any other word is one of Stripe's, which messages of older versions carried here.
    public init(from decoder: any Decoder) throws {
        self = Self(rawValue: try decoder.singleValueContainer().decode(String.self)) ?? .stripe
    }

    /// Why the PaymentIntent of an order in this state is given up.
    public init(of order: OrderStatus) { self = order == .expired ? .expired : .cancelled }
}
