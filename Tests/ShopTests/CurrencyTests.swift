import Conveyor
import Shop
import Testing

struct CurrencyTests {
    @Test(arguments: [
        ("usd", 2, 1), ("eur", 2, 1), ("huf", 2, 1), ("twd", 2, 1), ("jpy", 0, 1), ("krw", 0, 1), ("clp", 0, 1), ("vnd", 0, 1), ("kwd", 3, 10),
        ("bhd", 3, 10), ("tnd", 3, 10), ("isk", 2, 100), ("ugx", 2, 100),
    ])
    func `a currency has Stripe's number of decimals`(_ code: String, _ digits: Int, _ step: Int) throws {
        let currency = try #require(Currency(code))
        #expect(currency.minorDigits == digits)
        #expect(currency.step == Int64(step))
    }

    @Test(arguments: ["xyz", "xxx", "xau", "btc", "hrk", "USD", "us", "usdd", "", "us\0", "ｕｓｄ"])
    func `a currency that Stripe does not support is refused`(_ code: String) { #expect(Currency(code) == nil) }

    @Test(arguments: [
        ("isk", 150_050), ("isk", 1), ("ugx", 500_001), ("kwd", 1234), ("bhd", 5), ("usd", -1), ("jpy", -1), ("isk", Int.min), ("kwd", Int.max),
    ])
    func `an amount beyond Stripe's limits is refused`(_ code: String, _ amount: Int) throws {
        #expect(try #require(Currency(code)).refusal(of: Int64(amount)) != nil)
    }

    @Test(arguments: [
        ("isk", 150_000), ("isk", 0), ("ugx", 500_000), ("kwd", 1230), ("usd", 1), ("usd", 0), ("jpy", 1), ("eur", 1_000_000_000_000),
    ])
    func `an amount within the limits is accepted`(_ code: String, _ amount: Int) throws {
        #expect(try #require(Currency(code)).refusal(of: Int64(amount)) == nil)
    }

    @Test func `each currency is listed once, in lower case`() {
        #expect(Currency.all.allSatisfy { $0.code.utf8.count == 3 && $0.code == $0.code.lowercased() })
        #expect(Set(Currency.all.map(\.code)).count == Currency.all.count)
        #expect(Currency.all.allSatisfy { Currency($0.code) == $0 })
        // Stripe says "More than 135".
        #expect(Currency.all.count > 135)
    }

    @Test func `the smallest charge is a valid amount`() throws {
        for currency in Currency.all {
            guard let minimum = currency.minimumCharge else { continue }
            #expect(currency.refusal(of: minimum) == nil)
            #expect(minimum < currency.maximumCharge)
        }
        #expect(Currency("gbp")?.minimumCharge == 30)
        #expect(Currency("kzt")?.minimumCharge == nil)
    }
}
