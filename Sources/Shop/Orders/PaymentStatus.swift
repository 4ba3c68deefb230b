/// The status of an order's payment. Disputes are a separate flag.
public enum PaymentStatus: String, Codable, Sendable, CaseIterable {
    case unpaid, processing, paid, failed
    case partiallyRefunded = "partially_refunded"
    case refunded
}

extension PaymentStatus {
    /// The money was received, even if some or all of it was refunded since. Later payment attempts do not change that.
    public var isSettled: Bool {
        switch self {
        case .unpaid, .processing, .failed: false
        case .paid, .partiallyRefunded, .refunded: true
        }
    }

    /// The payment status when `refunded` of `total` is refunded; both in the minor unit.
    public static func settled(refunded: Int64, of total: Int64) -> PaymentStatus {
        if refunded <= 0 { return .paid }
        return refunded < total ? .partiallyRefunded : .refunded
    }
}

/// The second reservation of an order that was paid after it had been given up.
public enum Revival: String, Codable, Sendable, CaseIterable {
    /// Requested; the answer is on its way.
    case asked
    /// Reserved: the order is paid.
    case held
    /// Not available: the money is refunded.
    case refused

    /// The round in the `inventory.reserve` that requests it.
    public static let round = 2
}
