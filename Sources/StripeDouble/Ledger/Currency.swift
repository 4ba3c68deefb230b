/// The currencies that Stripe presents, and the least amount of each.
enum Currency {
    /// https://docs.stripe.com/currencies#presentment-currencies
    static let all = Set(
        """
        usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp cny cop crc cve czk djf \
        dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl hrk htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt \
        lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd \
        rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw
        """.split(separator: " ").map(String.init))

    /// https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts, in minor units.
    static func minimum(_ currency: String) -> Int {
        switch currency {
        case "gbp": 30
        case "aed", "myr", "pln", "ron": 200
        case "bgn": 100
        case "czk": 1500
        case "dkk": 250
        case "hkd": 400
        case "huf": 17500
        case "mxn", "thb": 1000
        case "nok", "sek": 300
        default: 50
        }
    }

    /// https://docs.stripe.com/currencies#zero-decimal and #three-decimal.
    private static func decimals(_ currency: String) -> Int {
        switch currency {
        case "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf": 0
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

    /// Eight digits, in minor units.
    static let maximum = 99_999_999
}
