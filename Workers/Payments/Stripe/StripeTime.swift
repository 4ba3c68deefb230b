import FoundationEssentials

/// A time in Stripe's objects.
enum StripeTime {
    /// - Parameter seconds: Unix time. More than a day ahead of our clock counts as now: otherwise all later states would look older for ever.
    static func date(_ seconds: Int64) -> Date {
        let now = Date()
        guard seconds < Int64(now.timeIntervalSince1970) + 86_400 else { return now }
        return Date(timeIntervalSince1970: Double(max(seconds, 0)))
    }
}
