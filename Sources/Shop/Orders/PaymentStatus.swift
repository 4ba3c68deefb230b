/// What the shop knows of an order's money. A dispute is a flag beside it.
public enum PaymentStatus: String, Codable, Sendable, CaseIterable {
    case unpaid, processing, paid, failed
    case partiallyRefunded = "partially_refunded"
    case refunded
}

extension PaymentStatus {
    /// The money was received, even if some or all of it was given back since. No news of an attempt to pay changes that.
    public var isSettled: Bool {
        switch self {
        case .unpaid, .processing, .failed: false
        case .paid, .partiallyRefunded, .refunded: true
        }
    }

    /// What an order's money comes to when `refunded` of `total` stands as given back; both in the minor unit.
    public static func settled(refunded: Int64, of total: Int64) -> PaymentStatus {
        if refunded <= 0 { return .paid }
        return refunded < total ? .partiallyRefunded : .refunded
    }
}

/// An order's stock that was asked for a second time, as its money came after the order was given up.
public enum Revival: String, Codable, Sendable, CaseIterable {
    /// Asked for; the answer is on its way.
    case asked
    /// Held: the order is paid.
    case held
    /// Gone: the money is given back.
    case refused

    /// The round of `inventory.reserve` that asks for it.
    public static let round = 2
}
