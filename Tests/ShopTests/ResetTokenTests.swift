import Conveyor
import Shop
import Testing

struct ResetTokenTests {
    private static let key = "a secret of at least 32 characters, as it must be"
    private static let reset = ID.v7(milliseconds: 1)

    @Test func `a token identifies its reset with the key that made it`() {
        let token = ResetToken.make(Self.reset, key: Self.key)
        #expect(token.count == 96)
        #expect(ResetToken.verify(token, keys: [Self.key]) == Self.reset)
        #expect(ResetToken.verify(token.uppercased(), keys: [Self.key]) == Self.reset)
    }

    @Test func `a link sent before the secret was rotated still works`() {
        let token = ResetToken.make(Self.reset, key: Self.key)
        #expect(ResetToken.verify(token, keys: ["another secret", Self.key]) == Self.reset)
        #expect(ResetToken.verify(token, keys: ["another secret"]) == nil)
        #expect(ResetToken.verify(token, keys: []) == nil)
    }

    @Test func `no digit of it can be changed`() {
        let token = ResetToken.make(Self.reset, key: Self.key)
        for index in token.indices {
            var forged = token
            forged.replaceSubrange(index...index, with: token[index] == "0" ? "1" : "0")
            #expect(ResetToken.verify(forged, keys: [Self.key]) == nil)
        }
    }

    @Test(arguments: ["", "0", String(repeating: "0", count: 96), String(repeating: "g", count: 96), String(repeating: "0", count: 100_000)])
    func `any other text is not a token`(_ text: String) {
        #expect(ResetToken.verify(text, keys: [Self.key]) == nil)
    }

    @Test func `characters that look like digits are refused`() {
        let token = ResetToken.make(Self.reset, key: Self.key)
        // Full-width digits have a hexadecimal value too.
        let wide = token.map { $0.isNumber ? Character(Unicode.Scalar(UInt32($0.asciiValue ?? 0) - 48 + 0xff10) ?? " ") : $0 }
        #expect(ResetToken.verify(String(wide), keys: [Self.key]) == nil)
        #expect(ResetToken.verify(token + " ", keys: [Self.key]) == nil)
        #expect(ResetToken.verify(" " + token, keys: [Self.key]) == nil)
    }
}
