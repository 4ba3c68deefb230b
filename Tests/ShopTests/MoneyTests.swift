import Shop
import Testing

struct MoneyTests {
    @Test(arguments: [
        (1999, "usd", "$19.99"), (5, "usd", "$0.05"), (0, "usd", "$0.00"), (-1999, "usd", "-$19.99"), (100, "usd", "$1.00"),
        (1999, "eur", "19.99 EUR"), (1999, "jpy", "1999 JPY"), (0, "jpy", "0 JPY"), (-7, "jpy", "-7 JPY"),
        (1999, "kwd", "1.999 KWD"), (5, "kwd", "0.005 KWD"), (-50, "kwd", "-0.050 KWD"),
    ])
    func `an amount reads as its currency is counted`(_ amount: Int, _ currency: String, _ text: String) {
        #expect(Money(Int64(amount), currency).description == text)
    }

    @Test func `the largest amounts are written too`() {
        #expect(Money(.max, "eur").description == "92233720368547758.07 EUR")
        #expect(Money(.min, "eur").description == "-92233720368547758.08 EUR")
    }

    @Test func `currencies have the digits that Stripe says`() {
        #expect(["jpy", "krw", "clp"].allSatisfy { Money.minorDigits(of: $0) == 0 })
        #expect(["usd", "eur", "gbp", "isk", "huf", "twd"].allSatisfy { Money.minorDigits(of: $0) == 2 })
        #expect(["bhd", "jod", "kwd", "omr", "tnd"].allSatisfy { Money.minorDigits(of: $0) == 3 })
    }
}
