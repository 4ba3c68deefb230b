import Testing

@testable import StripeDouble

@Suite struct FormDecoderTests {
    @Test func `nested keys, arrays and indices become tables`() throws {
        let form = try FormDecoder.decode(
            "amount=2000&metadata[order_id]=7&expand[]=latest_charge&expand[]=customer&types[0]=a&types[1]=b&card[a][b]=c")
        #expect(form["amount"] == .text("2000"))
        #expect(form["metadata"]?["order_id"] == .text("7"))
        #expect(form["card"]?["a"]?["b"] == .text("c"))
        var parameters = Parameters(form)
        #expect(try parameters.list("expand") == ["latest_charge", "customer"])
        #expect(try parameters.list("types") == ["a", "b"])
    }

    @Test func `percent-encoding and plus signs are decoded in names and values`() throws {
        let form = try FormDecoder.decode("metadata%5Bname%5D=J%C3%B6rg+%26+Co%2B")
        #expect(form["metadata"]?["name"] == .text("Jörg & Co+"))
    }

    @Test func `a key given twice keeps its last value`() throws {
        #expect(try FormDecoder.decode("a=1&a=2")["a"] == .text("2"))
    }

    @Test(arguments: [
        "a=%", "a=%4", "a=%zz", "a=%ff", "[a]=1", "=1", "a]=1", "a[b=1", "a[b]c=1", "a=1&a[b]=2", "a[b]=1&a=2", "a[b][c][d][e][f][g][h][i]=1",
    ])
    func `a malformed form is refused`(text: String) {
        #expect(throws: StripeError.self) { try FormDecoder.decode(text) }
    }

    @Test func `a form of more than a thousand pairs is refused`() throws {
        let pairs = (0...1000).map { "k\($0)=1" }
        #expect(throws: StripeError.self) { try FormDecoder.decode(pairs.joined(separator: "&")) }
        #expect(try FormDecoder.decode(pairs.dropLast().joined(separator: "&"))["k999"] == .text("1"))
    }

    @Test func `the canonical text does not depend on the order of the parameters`() throws {
        let one = try FormDecoder.decode("a=1&m[x]=2&m[y]=3")
        let other = try FormDecoder.decode("m[y]=3&m[x]=2&a=1")
        #expect(one.canonical == other.canonical)
        #expect(try one.canonical != FormDecoder.decode("a=1&m[x]=2&m[y]=4").canonical)
    }

    @Test func `JSON text is escaped so that it reads back as the same string`() {
        #expect(JSON.string("a\"\\\n\r\t\u{01}é😀").text == #""a\"\\\n\r\t\u0001é😀""#)
    }

    @Test(arguments: [
        ("payment_intent.*", "payment_intent.succeeded", true), ("payment_intent.*", "charge.succeeded", false), ("*", "anything", true),
        ("/v1/payment_intents/*/confirm", "/v1/payment_intents/pi_1/confirm", true), ("/v1/refunds", "/v1/refunds/re_1", false),
        ("a*a", "a", false), ("a*b*c", "a-b-b-c", true),
    ])
    func `a star in a pattern matches anything`(pattern: String, text: String, matches: Bool) {
        #expect(Pattern(pattern).matches(text) == matches)
    }
}
