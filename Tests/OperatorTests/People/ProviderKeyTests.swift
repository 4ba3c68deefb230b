import Crypto
import CryptoExtras
import FoundationEssentials
import Identity
import JWTKit
import Conveyor
import Shop
import Testing

@testable import ConveyorOperator
@testable import Operator

/// The signatures of OpenID Connect providers, made by another implementation.
@Suite struct ProviderKeyTests {
    private struct Claims: JWTPayload {
        var sub = "u-1"
        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    private static let rsa = Result { try _RSA.Signing.PrivateKey(keySize: .bits2048) }

    private static func base64(_ data: Data) -> JSONValue { .string(Base64URL.encode(Array(data))) }

    /// A token signed with an algorithm, and the published form of its key.
    private static func signed(_ algorithm: String) async throws -> (token: JSONWebToken, key: [String: JSONValue]) {
        let keys = JWTKeyCollection()
        var key: [String: JSONValue]
        let bits = algorithm.suffix(3)
        let digest: DigestAlgorithm = bits == "384" ? .sha384 : bits == "512" ? .sha512 : .sha256
        switch algorithm.prefix(2) {
        case "RS", "PS":
            let pair = try self.rsa.get()
            let primitives = try pair.publicKey.getKeyPrimitives()
            key = ["kty": "RSA", "n": self.base64(primitives.modulus), "e": self.base64(primitives.publicExponent)]
            let signer = try Insecure.RSA.PrivateKey(pem: pair.pemRepresentation)
            if algorithm.hasPrefix("RS") {
                await keys.add(rsa: signer, digestAlgorithm: digest)
            } else {
                await keys.add(pss: signer, digestAlgorithm: digest)
            }
        case "ES":
            key = ["kty": "EC", "crv": .string(bits == "512" ? "P-521" : "P-\(bits)")]
            let point: Data
            switch bits {
            case "256":
                let pair = P256.Signing.PrivateKey()
                point = pair.publicKey.rawRepresentation
                await keys.add(ecdsa: try ES256PrivateKey(backing: pair))
            case "384":
                let pair = P384.Signing.PrivateKey()
                point = pair.publicKey.rawRepresentation
                await keys.add(ecdsa: try ES384PrivateKey(backing: pair))
            default:
                let pair = P521.Signing.PrivateKey()
                point = pair.publicKey.rawRepresentation
                await keys.add(ecdsa: try ES512PrivateKey(backing: pair))
            }
            key["x"] = self.base64(point.prefix(point.count / 2))
            key["y"] = self.base64(point.suffix(point.count / 2))
        default:
            let pair = Curve25519.Signing.PrivateKey()
            key = ["kty": "OKP", "crv": "Ed25519", "x": self.base64(pair.publicKey.rawRepresentation)]
            await keys.add(eddsa: EdDSA.PrivateKey(backing: pair))
        }
        return (try #require(JSONWebToken(try await keys.sign(Claims()))), key)
    }

    @Test(arguments: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"])
    func `a signature is valid only with its own key and algorithm`(name: String) async throws {
        let (token, members) = try await Self.signed(name)
        #expect(token.header.alg == name)
        let algorithm = try #require(ProviderKey.Algorithm(rawValue: name))
        func isValid(_ members: [String: JSONValue], _ signature: Data? = nil, _ signed: Data? = nil) -> Bool? {
            ProviderKey(.object(members))?.isValid(signature ?? token.signature, of: signed ?? token.signed, by: algorithm)
        }
        #expect(isValid(members) == true)
        #expect(isValid(members.merging(["alg": .string(name), "use": "sig"]) { $1 }) == true)
        #expect(isValid(members, nil, token.signed + [0]) == false)
        #expect(isValid(members, token.signature.dropLast()) == false)
        #expect(isValid(members, Data()) == false)
        #expect(isValid(members, Data(repeating: 0, count: token.signature.count)) == false)
        let other = name == "RS256" ? "PS256" : "RS256"
        #expect(isValid(members.merging(["alg": .string(other)]) { $1 }) == false, "the key is for another algorithm")
        #expect(isValid(try await Self.signed(name == "EdDSA" ? "ES256" : "EdDSA").key) == false, "a key of another kind")
        #expect(isValid(members.merging(["use": "enc"]) { $1 }) == nil)
    }

    @Test func `a weak or malformed key is refused`() throws {
        let weak = try _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: 1024)).publicKey.getKeyPrimitives()
        let keys: [JSONValue] = [
            ["kty": "oct", "k": "AAAA"], ["kty": "RSA"], ["kty": "RSA", "n": "AQAB", "e": "AQAB"],
            ["kty": "RSA", "n": Self.base64(weak.modulus), "e": Self.base64(weak.publicExponent)],
            ["kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"],
            ["kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"], ["kty": "OKP", "crv": "Ed25519", "x": "AA"], ["kty": .int(1)], .null, [],
        ]
        for key in keys { #expect(ProviderKey(key).map { _ in key } == nil) }
    }
}
