/// An amount in a currency's minor unit, as Stripe counts: 1999 `usd` is $19.99, 1999 `jpy` is ¥1999.
public struct Money: Sendable, Equatable {
    /// In the minor unit.
    public var amount: Int64
    /// ISO 4217, lower case.
    public var currency: String

    /// An amount in the minor unit of a currency.
    public init(_ amount: Int64, _ currency: String) {
        self.amount = amount
        self.currency = currency
    }
}

extension Money: CustomStringConvertible {
    /// For people: `$12.34`, `12.34 EUR`, `1234 JPY`. Unsupported currencies get two digits.
    public var description: String {
        let digits = Currency(self.currency)?.minorDigits ?? 2
        let sign = self.amount < 0 ? "-" : ""
        var text = String(self.amount.magnitude)
        if digits > 0 {
            if text.count <= digits { text = String(repeating: "0", count: digits + 1 - text.count) + text }
            text.insert(".", at: text.index(text.endIndex, offsetBy: -digits))
        }
        return self.currency == "usd" ? "\(sign)$\(text)" : "\(sign)\(text) \(self.currency.uppercased())"
    }
}
