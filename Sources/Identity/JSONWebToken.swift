public import FoundationEssentials
import Conveyor

/// A JSON Web Token in its compact form (RFC 7519; RFC 7515, section 7.1), split into its parts. Verify the signature before you trust any of them.
public struct JSONWebToken: Sendable {
    /// The members of the header that determine the verification.
    public struct Header: Codable, Sendable {
        /// The signature's algorithm (RFC 7518, section 3.1).
        public var alg: String
        /// The id of the key.
        public var kid: String?
        var typ: String?
        /// The extensions that a verifier must support; this one supports none (RFC 7515, section 4.1.11).
        var crit: [String]?
    }

    /// The header.
    public let header: Header
    /// The payload, a JSON object.
    public let payload: Data
    /// The signed bytes: header and payload as they came.
    public let signed: Data
    /// The signature.
    public let signature: Data

    /// Splits a token; nil if the text is not a token, or requires an extension.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.decode(parts[0]), let payload = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2]),
            let read = try? JSONDecoder().decode(Header.self, from: Data(header)), read.crit == nil
        else { return nil }
        self.header = read
        self.payload = Data(payload)
        self.signed = Data(text.utf8.prefix(parts[0].count + 1 + parts[1].count))
        self.signature = Data(signature)
    }

    /// A token in its compact form.
    /// - Parameter sign: returns the signature of the given bytes.
    static func encode(_ header: Header, _ payload: some Encodable, sign: (Data) -> some Sequence<UInt8>) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let signed = try Base64URL.encode(Array(encoder.encode(header))) + "." + Base64URL.encode(Array(encoder.encode(payload)))
        return signed + "." + Base64URL.encode(Array(sign(Data(signed.utf8))))
    }
}
