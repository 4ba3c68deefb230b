import Conveyor
import Shop
import Testing

struct Base64URLTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
    ])
    func `the encoding follows RFC 4648, without padding`(_ plain: String, _ text: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == text)
        #expect(Base64URL.decode(text.utf8) == Array(plain.utf8))
    }

    @Test func `the alphabet needs no escaping in a URL`() {
        #expect(Base64URL.encode([0xfb, 0xff, 0xbf]) == "-_-_")
    }

    @Test func `any bytes survive a round trip`() {
        var generator = SystemRandomNumberGenerator()
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(Base64URL.decode(Base64URL.encode(bytes).utf8) == bytes)
        }
    }

    @Test(arguments: ["Z", "Zm9vY", "Zh", "Zm9=", "Zg==", "Zm+v", "Zm/v", "Zm 9", "Zm9v\n", "Zé"])
    func `each value has one spelling: any other is refused`(_ text: String) {
        #expect(Base64URL.decode(text.utf8) == nil)
    }
}
