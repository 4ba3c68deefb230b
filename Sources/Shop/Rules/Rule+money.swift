public import Conveyor

extension Rule<Int64> {
    /// The greatest amount of money, in the minor unit: no order's total can overflow, as that is a thousand units of each of a hundred products.
    static let greatestAmount: Int64 = 1_000_000_000_000

    /// The price of one unit, in the minor unit (in the database: `unit_amount_is_in_range`).
    public static var unitAmount: Rule { .number(0...Self.greatestAmount) }

    /// An amount of money that moves, in the minor unit.
    public static var amount: Rule { .number(1...Self.greatestAmount) }
}
