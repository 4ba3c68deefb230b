public import Conveyor
import Crypto

/// The token in a password reset's link: the reset's id and a MAC over it.
///
/// It is neither stored nor sent in a message: the e-mail worker computes it for the link, and the ingress verifies it. The row in
/// `password_resets` ensures that it is used once.
public enum ResetToken {
    private static func mac(_ id: ID, key: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array("password-reset.".utf8) + id.bytes, using: SymmetricKey(data: Array(key.utf8))))
    }

    /// The token: 96 hexadecimal digits.
    /// - Parameter key: `SECRET_KEY`.
    public static func make(_ id: ID, key: String) -> String {
        (id.bytes + self.mac(id, key: key)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// The reset of a token; nil if none of these keys signed it.
    /// - Parameter keys: `SECRET_KEY`, then the previous keys.
    public static func verify(_ token: String, keys: [String]) -> ID? {
        let digits = token.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 96, token.utf8.count == 96 else { return nil }
        let bytes = stride(from: 0, to: 96, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
        guard let id = ID(bytes: bytes) else { return nil }
        let message = Array("password-reset.".utf8) + id.bytes
        let isMade = keys.contains {
            HMAC<SHA256>.isValidAuthenticationCode(Array(bytes[16...]), authenticating: message, using: SymmetricKey(data: Array($0.utf8)))
        }
        return isMade ? id : nil
    }
}
