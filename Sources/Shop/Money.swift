/// An amount in a currency's minor unit, as Stripe counts it: 1999 `usd` is $19.99, 1999 `jpy` is ¥1999.
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

    /// Digits after the point (docs.stripe.com/currencies): 0 for yen and its like, 3 for dinars, else 2.
    public static func minorDigits(of currency: String) -> Int {
        switch currency {
        case "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf": 0
        case "bhd", "jod", "kwd", "omr", "tnd": 3
        default: 2
        }
    }
}

extension Money: CustomStringConvertible {
    /// For people: `$12.34`, `12.34 EUR`, `1234 JPY`.
    public var description: String {
        let digits = Money.minorDigits(of: self.currency)
        let sign = self.amount < 0 ? "-" : ""
        var text = String(self.amount.magnitude)
        if digits > 0 {
            if text.count <= digits { text = String(repeating: "0", count: digits + 1 - text.count) + text }
            text.insert(".", at: text.index(text.endIndex, offsetBy: -digits))
        }
        return self.currency == "usd" ? "\(sign)$\(text)" : "\(sign)\(text) \(self.currency.uppercased())"
    }
}
