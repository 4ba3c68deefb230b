import Shop
import Testing

@Suite struct MoneyTests {
    @Test(arguments: [
        (Money(1999, "usd"), "$19.99"), (Money(5, "usd"), "$0.05"), (Money(0, "usd"), "$0.00"), (Money(-1999, "usd"), "-$19.99"),
        (Money(1234, "eur"), "12.34 EUR"), (Money(1234, "jpy"), "1234 JPY"), (Money(1234, "kwd"), "1.234 KWD"), (Money(7, "kwd"), "0.007 KWD"),
        (Money(.min, "eur"), "-92233720368547758.08 EUR"),
    ])
    func `money is shown with as many digits as its currency has`(money: Money, text: String) { #expect("\(money)" == text) }
}
