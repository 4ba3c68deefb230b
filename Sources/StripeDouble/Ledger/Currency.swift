/// Stripe's presentment currencies, with the minimum and maximum amounts.
enum Currency {
    /// https://docs.stripe.com/currencies#presentment-currencies
    static let all = Set(
        """
        usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp cny cop crc cve czk djf \
        dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt \
        lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd \
        rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw
        """.split(separator: " ").map(String.init))

    /// The minimum in minor units: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts. For other currencies Stripe requires the
    /// equivalent of 0.50 USD, which is not simulated.
    static func minimum(_ currency: String) -> Int {
        switch currency {
        case "aud", "brl", "cad", "chf", "eur", "inr", "jpy", "nzd", "sgd", "usd": 50
        case "gbp": 30
        case "aed", "myr", "pln", "ron": 200
        case "czk": 1500
        case "dkk": 250
        case "hkd": 400
        case "huf": 17500
        case "mxn", "thb": 1000
        case "nok", "sek": 300
        default: 1
        }
    }

    /// Twelve digits for rupiahs, eight for all others.
    static func maximum(_ currency: String) -> Int { currency == "idr" ? 999_999_999_999 : 99_999_999 }

    /// https://docs.stripe.com/currencies#special-cases: ISK and UGX have no fractions but count in hundredths; of three decimals the last must be 0.
    /// Stripe does not document the error for the latter: its code here is a guess, its parameter is not.
    static func checkFractions(_ amount: Int, _ currency: String) throws(StripeError) {
        if ["isk", "ugx"].contains(currency), !amount.isMultiple(of: 100) {
            throw .badRequest(
                "Invalid amount. Currency \(currency.uppercased()) has become effectively zero-decimal and charged amounts must be evenly divisible by "
                    + "100. See https://stripe.com/docs/currencies#special-cases for more information.",
                code: "invalid_charge_amount_no_decimal_compatible", param: "amount")
        }
        if self.decimals(currency) == 3, !amount.isMultiple(of: 10) {
            throw .badRequest(
                "Invalid amount. Amounts of \(currency.uppercased()) must end in 0. See https://stripe.com/docs/currencies#three-decimal for more "
                    + "information.", code: "invalid_charge_amount", param: "amount")
        }
    }

    /// https://docs.stripe.com/currencies#zero-decimal and #three-decimal.
    private static func decimals(_ currency: String) -> Int {
        switch currency {
        case "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf": 0
        case "bhd", "jod", "kwd", "omr", "tnd": 3
        default: 2
        }
    }

    /// An amount for people: `20.00 USD`.
    static func text(_ amount: Int, _ currency: String) -> String {
        let decimals = Self.decimals(currency)
        guard decimals > 0 else { return "\(amount) \(currency.uppercased())" }
        let digits = String(repeating: "0", count: max(0, decimals + 1 - String(amount).count)) + String(amount)
        return "\(digits.dropLast(decimals)).\(digits.suffix(decimals)) \(currency.uppercased())"
    }
}
