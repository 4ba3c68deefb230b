public import Conveyor
import Crypto

extension Rule<String> {
    /// A browser's public key (RFC 8291, section 3.1): a point of P-256, uncompressed, in base64url.
    public static var pushKey: Rule {
        Rule { text throws(Violation) in
            guard text.utf8.count <= 100, let bytes = Base64URL.decode(text.utf8.filter { $0 != UInt8(ascii: "=") }),
                (try? P256.KeyAgreement.PublicKey(x963Representation: bytes)) != nil
            else { throw Violation("must be a public key of P-256, uncompressed, in base64url") }
            return Base64URL.encode(bytes)
        }
    }

    /// A browser's authentication secret (RFC 8291, section 3.2): 16 bytes in base64url.
    public static var pushSecret: Rule {
        Rule { text throws(Violation) in
            guard text.utf8.count <= 100, let bytes = Base64URL.decode(text.utf8.filter { $0 != UInt8(ascii: "=") }), bytes.count == 16 else {
                throw Violation("must be 16 bytes in base64url")
            }
            return Base64URL.encode(bytes)
        }
    }
}

extension Rule<Int64> {
    /// When a subscription expires: milliseconds since 1970, up to the year 9999.
    public static var pushExpiry: Rule { .number(0...253_402_300_799_000) }
}
