import Conveyor
import Shop
import Testing

struct MoneyTests {
    @Test(arguments: [
        (1999, "usd", "$19.99"), (5, "usd", "$0.05"), (0, "usd", "$0.00"), (-1999, "usd", "-$19.99"), (100, "usd", "$1.00"),
        (1999, "eur", "19.99 EUR"), (1999, "jpy", "1999 JPY"), (0, "jpy", "0 JPY"), (-7, "jpy", "-7 JPY"),
        (1990, "kwd", "1.990 KWD"), (50, "kwd", "0.050 KWD"), (-50, "kwd", "-0.050 KWD"), (500_000, "ugx", "5000.00 UGX"),
        (150_000, "isk", "1500.00 ISK"), (1999, "xyz", "19.99 XYZ"),
    ])
    func `an amount is written with its currency's decimals`(_ amount: Int, _ currency: String, _ text: String) {
        #expect(Money(Int64(amount), currency).description == text)
    }

    @Test func `the largest amounts are written too`() {
        #expect(Money(.max, "eur").description == "92233720368547758.07 EUR")
        #expect(Money(.min, "eur").description == "-92233720368547758.08 EUR")
    }
}
