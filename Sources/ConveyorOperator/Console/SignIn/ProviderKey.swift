import Crypto
import CryptoExtras
import FoundationEssentials
import Conveyor

/// A public key of a provider's JSON Web Key Set (RFC 7517), which verifies signatures of its private key.
struct ProviderKey: Sendable {
    /// The accepted algorithms (RFC 7518, section 3.1; RFC 8037): only asymmetric ones.
    enum Algorithm: String, Sendable {
        case rs256 = "RS256"
        case rs384 = "RS384"
        case rs512 = "RS512"
        case ps256 = "PS256"
        case ps384 = "PS384"
        case ps512 = "PS512"
        case es256 = "ES256"
        case es384 = "ES384"
        case es512 = "ES512"
        case edDSA = "EdDSA"
    }

    private enum Key: Sendable {
        case rsa(_RSA.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case p521(P521.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    private let key: Key
    /// Its only algorithm, if it names one.
    private let algorithm: String?

    /// nil if it is of another kind or for another use, is malformed, or is too weak (RSA below 2048 bits).
    init?(_ value: JSONValue) {
        guard value["use"].string ?? "sig" == "sig" else { return nil }
        func bytes(_ member: String) -> [UInt8]? { value[member].string.flatMap { Base64URL.decode($0.utf8) } }
        do {
            switch (value["kty"].string, value["crv"].string) {
            case ("RSA", _):
                guard let modulus = bytes("n"), let exponent = bytes("e") else { return nil }
                self.key = .rsa(try .init(n: modulus, e: exponent))
            case ("EC", let curve?):
                guard let x = bytes("x"), let y = bytes("y"), x.count == y.count else { return nil }
                switch curve {
                case "P-256": self.key = .p256(try .init(rawRepresentation: x + y))
                case "P-384": self.key = .p384(try .init(rawRepresentation: x + y))
                case "P-521": self.key = .p521(try .init(rawRepresentation: x + y))
                default: return nil
                }
            case ("OKP", "Ed25519"):
                guard let x = bytes("x") else { return nil }
                self.key = .ed25519(try .init(rawRepresentation: x))
            default: return nil
            }
        } catch {
            // Not a point of its curve, or too weak: its signatures prove nothing.
            return nil
        }
        self.algorithm = value["alg"].string
    }

    /// Whether the key's holder signed these bytes with an algorithm, which must be one of this key.
    func isValid(_ signature: Data, of signed: Data, by algorithm: Algorithm) -> Bool {
        guard self.algorithm ?? algorithm.rawValue == algorithm.rawValue else { return false }
        do {
            switch (self.key, algorithm) {
            case (.rsa(let key), .rs256): return key.isValid(signature, SHA256.hash(data: signed), .insecurePKCS1v1_5)
            case (.rsa(let key), .rs384): return key.isValid(signature, SHA384.hash(data: signed), .insecurePKCS1v1_5)
            case (.rsa(let key), .rs512): return key.isValid(signature, SHA512.hash(data: signed), .insecurePKCS1v1_5)
            case (.rsa(let key), .ps256): return key.isValid(signature, SHA256.hash(data: signed), .PSS)
            case (.rsa(let key), .ps384): return key.isValid(signature, SHA384.hash(data: signed), .PSS)
            case (.rsa(let key), .ps512): return key.isValid(signature, SHA512.hash(data: signed), .PSS)
            case (.p256(let key), .es256): return key.isValidSignature(try .init(rawRepresentation: signature), for: SHA256.hash(data: signed))
            case (.p384(let key), .es384): return key.isValidSignature(try .init(rawRepresentation: signature), for: SHA384.hash(data: signed))
            case (.p521(let key), .es512): return key.isValidSignature(try .init(rawRepresentation: signature), for: SHA512.hash(data: signed))
            case (.ed25519(let key), .edDSA): return key.isValidSignature(signature, for: signed)
            default: return false
            }
        } catch {
            // The signature does not have the curve's size.
            return false
        }
    }
}

extension _RSA.Signing.PublicKey {
    fileprivate func isValid(_ signature: Data, _ digest: some Digest, _ padding: _RSA.Signing.Padding) -> Bool {
        self.isValidSignature(.init(rawRepresentation: signature), for: digest, padding: padding)
    }
}
