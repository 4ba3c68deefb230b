/// A currency that Stripe supports, with Stripe's rules (docs.stripe.com/currencies). All amounts are in its minor unit.
///
/// All payments go through Stripe, so a price must be in one of these currencies and within Stripe's limits.
public struct Currency: Sendable, Hashable {
    /// ISO 4217, lower case.
    public let code: String
    /// Digits after the decimal point at Stripe: 0, 2 or 3.
    public let minorDigits: Int
    /// The divisor of all amounts: 100 for currencies without fractions that are still written with two digits (ISK, UGX), 10 if the last of
    /// three digits must be 0, else 1.
    public let step: Int64
    /// Stripe's smallest charge; nil where Stripe only says "0.50 USD or its equivalent".
    public let minimumCharge: Int64?
    /// Stripe's largest charge.
    public let maximumCharge: Int64

    private init(_ code: String, minorDigits: Int, step: Int64 = 1) {
        self.code = code
        self.minorDigits = minorDigits
        self.step = step
        self.minimumCharge = Self.minimumCharges[code]
        self.maximumCharge = code == "idr" ? 999_999_999_999 : 99_999_999
    }

    /// - Parameter code: ISO 4217, lower case.
    /// - Returns: nil if Stripe does not support it.
    public init?(_ code: String) {
        guard let known = Self.byCode[code] else { return nil }
        self = known
    }

    /// The rule that an amount breaks in this currency, as text; nil if it is valid. Zero is valid: free orders are not charged.
    public func refusal(of amount: Int64) -> String? {
        if amount < 0 { return "must not be negative" }
        guard !amount.isMultiple(of: self.step) else { return nil }
        let code = self.code.uppercased()
        return self.minorDigits == 3
            ? "must end in 0: amounts of \(code) are in thousandths, and Stripe takes no more than two digits of them"
            : "must be a multiple of \(self.step): \(code) has no fractions, and is still counted in hundredths"
    }

    /// All currencies by code.
    public static let all: [Currency] = byCode.values.sorted { $0.code < $1.code }

    private static let byCode: [String: Currency] = {
        let twoDigits = """
            aed afn all amd ang aoa ars aud awg azn bam bbd bdt bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop crc cve czk dkk dop dzd egp etb eur \
            fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk \
            mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd \
            twd tzs uah usd uyu uzs wst xcd xcg yer zar zmw
            """
        let noDigits = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
        let threeDigits = "bhd jod kwd omr tnd"
        // These have no fractions any more, but keep two digits at Stripe: 500 isk are 5 ISK (docs.stripe.com/currencies#special-cases). HUF and
        // TWD are special in payouts only.
        let withoutFractions = "isk ugx"
        func codes(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
        let all: [Currency] =
            codes(twoDigits).map { Currency($0, minorDigits: 2) } + codes(noDigits).map { Currency($0, minorDigits: 0) }
            + codes(threeDigits).map { Currency($0, minorDigits: 3, step: 10) }
            + codes(withoutFractions).map { Currency($0, minorDigits: 2, step: 100) }
        return Dictionary(all.map { ($0.code, $0) }) { first, _ in first }
    }()

    // docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
    private static let minimumCharges: [String: Int64] = [
        "aed": 200, "aud": 50, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50, "gbp": 30, "hkd": 400, "huf": 17_500, "inr": 50,
        "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
    ]
}
