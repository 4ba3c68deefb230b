import Conveyor
import Shop
import Testing

/// The rules for values in requests, files and messages.
@Suite struct RuleTests {
    private func isTaken(_ text: String, _ rule: Rule<String>) -> Bool { (try? rule.read(text)) != nil }

    @Test(arguments: [
        "ada@example.com", "a@b", "jürgen@example.com", "josé@example.com", "用户@example.com", "o'hara+x=y@mail.shop.example",
        "!#$%&'*+/=?^_`{|}~-@x.y",
        "A.B.C@EXAMPLE.COM", "a@xn--bcher-kva.example", "a@1.2.3.4", String(repeating: "a", count: 64) + "@example.com",
    ]) func `a deliverable address is accepted unchanged`(address: String) throws {
        #expect(try Rule.email.read(address) == address)
    }

    @Test(arguments: [
        "", "a", "@", "a@", "@b", "a@b@c", "a..b@c", ".a@b", "a.@b", "a@b..c", "a@.b", "a@b.", "a b@c", "a@b c", " a@b", "a@b ", "a\t@b", "a@b\n",
        "a\u{0}@b", "a\u{a0}b@c", "a@b\u{a0}", "a@b\u{3000}", "a\u{85}b@c", "a\u{2028}b@c", "a@b\u{200b}", "a\u{200b}@b", "f\u{202e}gro@b",
        "a\u{ad}@b",
        "a\u{feff}@b", "a\u{e000}@b", "a\u{10ffff}@b", "x@@\u{301}y", "x@\u{301}y", "\u{301}x@y", "a.\u{301}b@c",
        "\u{212a}elvin@example.com", "\u{130}stanbul@example.com", "a@b\u{fc}cher.example", "a@-example-.com", "a@example-.com", "a@-x", "a@b_c",
        "a@[127.0.0.1]", "\"a b\"@c", "a\"@b", "<a@b>", "a,b@c", "a;b@c", "a:b@c", "a(b)@c", "a\\b@c", "a@b>", "a@b\r\nBcc: c@d",
        String(repeating: "a", count: 65) + "@b", "a@" + String(repeating: "b", count: 64), "a@" + String(repeating: "b.", count: 130) + "b",
        String(repeating: "ü", count: 33) + "@b",
    ]) func `an address that is undeliverable, or looks like another one, is refused`(address: String) {
        #expect(!self.isTaken(address, .email))
    }

    @Test func `an address is the same in any Unicode composition`() throws {
        let composed = try Rule.email.read("jose\u{301}@example.com")
        #expect(composed.utf8.elementsEqual("jos\u{e9}@example.com".utf8))
        #expect(try Rule.email.read(composed) == composed)
    }

    @Test(arguments: [
        "Ada Lovelace", "", "Renée O’Hara-Ñ", "李雷", "🧨\u{200d}💥", "<script>alert(1)</script>", "'; drop table users; --", "Dr. A. B. C. Www",
        String(repeating: "é", count: 100),
    ]) func `a name is accepted in any script`(name: String) throws { #expect(try Rule.personName.read(name) == name) }

    @Test(arguments: [
        "Ada.\n\nConfirm your card", "a\rb", "a\u{85}b", "a\u{2028}b", "a\u{2029}b", "a\u{0}b", "a\u{7f}b", "a\tb", "http://evil.example",
        "x HTTPS://y",
        "www.evil.example", "see WwW.evil.example", "a://b", String(repeating: "a", count: 101), String(repeating: "😀", count: 101),
    ]) func `a name with line breaks, control characters or a link is refused`(name: String) { #expect(!self.isTaken(name, .personName)) }

    @Test func `white space around a line is removed, and a line of white space is empty`() throws {
        #expect(try Rule.personName.read(" \u{a0}Ada \u{3000}\n") == "Ada")
        #expect(try Rule.title.read("  Red kettle ") == "Red kettle")
        // A title is any text; encoding it is up to the page or e-mail that shows it.
        #expect(try Rule.title.read("x\r\nBcc: y\u{202e}") == "x\r\nBcc: y\u{202e}")
        #expect(throws: (any Error).self) { try Rule.title.read(" \u{2003}\u{a0}") }
        #expect(try Rule.personName.read("  ") == "")
    }

    @Test(arguments: ["ABC", "A B", "a", "ÄÖ-1", "京都-7", "x/y#z", String(repeating: "1", count: 100)]) func `a SKU is accepted unchanged`(sku: String)
        throws
    {
        #expect(try Rule.sku.read(sku) == sku)
    }

    @Test(arguments: [
        "", " ", "\u{a0}", "ABC ", " ABC", "ABC\u{a0}", "A\u{a0}B", "A\tB", "A\nB", "A\u{200b}", "A\u{202e}B", "A\u{0}", "\u{feff}A",
        String(repeating: "1", count: 101),
    ]) func `a SKU that looks like another one is refused`(sku: String) { #expect(!self.isTaken(sku, .sku)) }

    @Test(arguments: [
        "https://shop.example/a.png", "http://x", "https://x/", "https://x?y", "https://x#y", "https://x:8443/a%20b?c=d&e=f", "https://[::1]:80/a",
        "https://a.b-c.d_e/;,~!$&()*+=@:",
    ]) func `the URL of an image is accepted unchanged`(url: String) throws { #expect(try Rule.image.read(url) == url) }

    @Test(arguments: [
        "", "x", "ftp://x/a", "javascript:alert(1)", "data:image/png;base64,AA", "//x/a", "https:/x", "https://", "https:///a", "https://?a",
        "https://:80/a", "https://x:0/a", "https://x:080/a", "https://x:65535:1/a", "https://x:65536/a", "https://x:99999/a", "https://x:/a",
        "https://[::1]:0",
        "HTTPS://x", "https://x/\"><script>", "https://x/'onerror='", "https://x/<b>", "https://x/a b", "https://x/\u{a0}", "https://x/ü",
        "https://ü/a",
        "https://x/\n", "https://x/\u{0}", "https://x/\\", "https://x/`", "https://x/{}", "https://x/|", "https://x/^", "https://u:p@x/",
        "https://x@y/a",
        "https://x:port/", "https://x:123456/", "https://[x]/", "https://[]/", "https://[::1/", "https://x\u{301}/a",
        "https://x/" + String(repeating: "a", count: 1991),
    ]) func `any other URL is not accepted for an image`(url: String) { #expect(!self.isTaken(url, .image)) }

    @Test func `a country has two letters, and a currency is supported by Stripe`() throws {
        #expect(try Rule.country.read("gb") == "GB")
        #expect(try Rule.currency.read("EUR") == "eur")
        for text in ["", "G", "GBR", "G1", "ÄÖ", "g\u{301}", " GB", "ß", "\u{212a}R"] {
            #expect(throws: Violation.self) { try Rule.country.read(text) }
        }
        for text in ["", "eu", "euro", "xyz", "eu\u{301}", " eur", "EU€"] { #expect(throws: Violation.self) { try Rule.currency.read(text) } }
        do throws(Violation) { _ = try Rule.country.read("England") } catch { #expect(error.message == "must be a two-letter country code") }
    }

    @Test(arguments: [Int64.min, -1, 1_000_000_000_001, .max]) func `an amount whose total could overflow is refused`(amount: Int64) {
        #expect(throws: Violation.self) { try Rule.unitAmount.read(amount) }
        #expect(throws: Violation.self) { try Rule.amount.read(amount) }
    }

    @Test func `the largest order's total fits`() throws {
        let greatest = try Rule.unitAmount.read(1_000_000_000_000)
        let units = Int64(OrderLine.allowedCount.upperBound * OrderLine.allowedQuantity.upperBound)
        #expect(!greatest.multipliedReportingOverflow(by: units).overflow)
    }

    @Test func `an error in a message names the field, the value of a number and the rule`() {
        let address = Address(name: "Ada", line1: "1 Street", city: "London", postalCode: "N1", country: "GB")
        var order = PlaceOrder(userID: ID(high: 1, low: 1), items: [OrderLine(productID: ID(high: 1, low: 2), quantity: 0)], shippingAddress: address)
        func findings(_ message: some Message) -> [String] {
            var fields = FieldCheck()
            message.check(&fields)
            return fields.findings.map(\.description)
        }
        #expect(findings(order) == ["items[0].quantity is 0, must be between 1 and 1000"])
        order.items = Array(repeating: OrderLine(productID: ID(high: 1, low: 2), quantity: 600), count: 2)
        #expect(findings(order) == ["items must have at most 1000 units of a product over all lines"])
        order.items = []
        #expect(findings(order) == ["items is a list of 0, must have 1 to 100 elements"])
        order.items = [OrderLine(productID: ID(high: 1, low: 2), quantity: 1)]
        #expect(findings(order) == [])
        order.shippingAddress.country = "England"
        order.billingAddress = Address(name: "a\nb", line1: "1", city: "x", postalCode: "N1", country: "GB")
        #expect(
            findings(order) == [
                "shipping_address.country must be a two-letter country code",
                "billing_address.name must not contain line breaks or control characters",
            ])
        #expect(
            findings(CreateProduct(sku: "a ", name: "x", unitAmount: 5, currency: "kwd")) == [
                "sku must not begin or end with a space",
                "unit_amount is 5, must end in 0: amounts of KWD are in thousandths, and Stripe takes no more than two digits of them",
            ])
    }
}
