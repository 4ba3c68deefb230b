import Conveyor
import Shop

extension ProductRecord {
    /// Checks that Stripe can charge the price in its currency, when either of the two changes.
    /// - Throws: `Problem` `invalid`.
    static func check(price: Int64, in code: String) throws(Problem) {
        guard let currency = Currency(code) else {
            throw Problem(
                .invalid, "The currency of a product must be supported by Stripe.",
                errors: [.init(field: "currency", message: "must be a currency that Stripe supports")])
        }
        guard let refusal = currency.refusal(of: price) else { return }
        throw Problem(.invalid, "The price must be an amount that Stripe accepts.", errors: [.init(field: "unit_amount", message: refusal)])
    }
}
