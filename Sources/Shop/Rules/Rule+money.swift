public import Conveyor

extension Rule<Int64> {
    /// The largest amount, in the minor unit: an order's total, at most a thousand units each of a hundred products, cannot overflow.
    static let greatestAmount: Int64 = 1_000_000_000_000

    /// The price of one unit, in the minor unit (in the database: `unit_amount_is_in_range`).
    public static var unitAmount: Rule { .number(0...Self.greatestAmount) }

    /// An amount of a payment or refund, in the minor unit.
    public static var amount: Rule { .number(1...Self.greatestAmount) }
}
