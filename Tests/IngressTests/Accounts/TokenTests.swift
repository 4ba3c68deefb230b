import Conveyor
import Crypto
import FoundationEssentials
import Identity
import JWTKit
import Shop
import Testing

/// Bearer tokens compared with another implementation.
@Suite struct TokenTests {
    private struct Claims: JWTPayload {
        var sub: SubjectClaim
        var exp: ExpirationClaim
        var iat: IssuedAtClaim
        var iss: IssuerClaim
        var aud: AudienceClaim
        var ep = 3
        var use = "access"

        func verify(using algorithm: some JWTAlgorithm) throws { try self.exp.verifyNotExpired() }
    }

    private static let secret = "a secret of more than thirty-two characters"
    private let user = ID.v7(milliseconds: 1)
    private let now = Date(timeIntervalSince1970: (Date().timeIntervalSince1970).rounded(.down))

    private var tokens: Tokens { Tokens(secret: Self.secret, previous: ["an older secret of enough characters"], environment: "test") }

    private func claims(_ seconds: Double = 60) -> Claims {
        Claims(
            sub: .init(value: self.user.description), exp: .init(value: self.now.addingTimeInterval(seconds)), iat: .init(value: self.now),
            iss: "conveyor:test", aud: .init(value: ["others", "conveyor"]))
    }

    @Test func `another implementation reads a token, whose times are whole seconds`() async throws {
        let text = try self.tokens.sign(
            .init(
                userID: self.user, epoch: 3, use: .access, expiresAt: self.now.addingTimeInterval(60),
                session: .init(id: nil, signedInAt: self.now)), at: self.now)
        let keys = await JWTKeyCollection().add(hmac: HMACKey(from: Self.secret), digestAlgorithm: .sha256)
        let read = try await keys.verify(text, as: Claims.self)
        #expect(read.sub.value == self.user.description)
        #expect(read.exp.value == self.now.addingTimeInterval(60))
        let token = try #require(JSONWebToken(text))
        #expect(String(decoding: token.payload, as: UTF8.self).contains(#""exp":\#(Int(self.now.timeIntervalSince1970) + 60),"#))
        #expect(token.header.kid?.utf8.count == 16)
    }

    @Test(arguments: [TokenTests.secret, "an older secret of enough characters"])
    func `a token signed by another implementation is read`(secret: String) async throws {
        let mine = Tokens(secret: secret, previous: [], environment: "test")
        let kid = try #require(
            JSONWebToken(
                try mine.sign(.init(userID: self.user, epoch: 0, use: .access, expiresAt: self.now, session: .init(id: nil, signedInAt: self.now))))
        )
        .header.kid
        let keys = await JWTKeyCollection().add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256, kid: JWKIdentifier(string: kid ?? ""))
        let text = try await keys.sign(self.claims(), kid: JWKIdentifier(string: kid ?? ""))
        let read = try self.tokens.verify(text, for: .access)
        #expect(read.userID == self.user)
        #expect(read.epoch == 3)
        #expect(read.expiresAt == self.now.addingTimeInterval(60))
    }

    @Test func `a token with another algorithm, an unknown key or an extension is refused`() async throws {
        let key = SymmetricKey(data: Array(Self.secret.utf8))
        let expiry = Int(self.now.timeIntervalSince1970) + 60
        let payload = Base64URL.encode(
            Array(#"{"sub":"\#(self.user)","exp":\#(expiry),"iat":\#(expiry - 60),"aud":"conveyor","ep":0,"use":"access"}"#.utf8))
        func token(_ header: String) -> String {
            let signed = Base64URL.encode(Array(header.utf8)) + "." + payload
            return signed + "." + Base64URL.encode(Array(HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: key)))
        }
        #expect(try self.tokens.verify(token(#"{"alg":"HS256"}"#), for: .access).userID == self.user)
        for header in [
            #"{"alg":"HS384"}"#, #"{"alg":"none"}"#, #"{"alg":"hs256"}"#, #"{"alg":"RS256"}"#, #"{"alg":1}"#, "{}", "[]", "",
            #"{"alg":"HS256","kid":"0000000000000000"}"#, #"{"alg":"HS256","kid":""}"#, #"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        ] { #expect(throws: Tokens.Refusal.invalid, "\(header)") { try self.tokens.verify(token(header), for: .access) } }
        let good = token(#"{"alg":"HS256"}"#)
        for text in ["", ".", "..", "...", good + ".", "." + good, good + "=", good + "A", String(good.dropLast()), good.replacing(".", with: " ")] {
            #expect(throws: Tokens.Refusal.invalid, "\(text)") { try self.tokens.verify(text, for: .access) }
        }
    }
}
