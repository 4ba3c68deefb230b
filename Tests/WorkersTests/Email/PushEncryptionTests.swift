import Conveyor
import Crypto
import Shop
import Testing

@testable import Email

/// Web push encryption, compared with the example of RFC 8291, section 5 and appendix A.
@Suite struct PushEncryptionTests {
    private func bytes(_ text: String) throws -> [UInt8] { try #require(Base64URL.decode(text.utf8)) }

    @Test func `the RFC's example is encrypted as in the RFC`() throws {
        let sender = try P256.KeyAgreement.PrivateKey(rawRepresentation: self.bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
        let browser = try P256.KeyAgreement.PublicKey(
            x963Representation: self.bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"))
        let body = try PushEncryption.encrypt(
            Array("When I grow up, I want to be a watermelon".utf8), for: (browser, self.bytes("BTBZMqHH6r4Tts7J_aSIgg")), by: sender,
            salt: self.bytes("DGv6ra1nlYgDCS1FRnbzlw"))
        #expect(
            Base64URL.encode(body)
                == "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        )
    }

    @Test func `a notification never exceeds the limit of push services`() throws {
        let note = try #require(
            PushNote(
                event: OrderShipped.type, order: ID(high: 1, low: 2), number: .max, amount: Money(.max, "usd"),
                carrier: String(repeating: "\u{1F600}\"", count: 1000), shopURL: "https://" + String(repeating: "a", count: 2000)))
        #expect(try JSON.encode(note).count <= PushEncryption.longest)
        #expect(PushNote.topic(of: ID(high: 1, low: 2)).utf8.count <= 32)
    }

    @Test func `only a key of P-256 is accepted as VAPID key`() {
        #expect(VAPIDKey("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw") != nil)
        for text in [
            "", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "__________________________________________8",
            String(repeating: "A", count: 9999),
        ] {
            #expect(VAPIDKey(text) == nil, "\(text.prefix(50))")
        }
    }
}
