import FoundationEssentials
import HTTPTypes

/// The accepted API keys, and the check of a caller's key.
struct Authentication: Sendable {
    let secretKey: String
    let publishableKey: String?

    /// Reads the key from `Authorization: Bearer` or `Basic` (key as the user, no password), or from a browser's parameter `key`.
    func access(_ headers: HTTPFields, keyParameter: String?) throws(StripeError) -> Call.Access {
        guard let key = try Self.key(headers) ?? keyParameter, !key.isEmpty else { throw .noKey }
        if key.isSame(as: self.secretKey) { return .secret }
        if let publishableKey, key.isSame(as: publishableKey) { return .publishable }
        throw StripeError(status: 401, message: "Invalid API Key provided: \(Self.masked(key))")
    }

    private static func key(_ headers: HTTPFields) throws(StripeError) -> String? {
        guard let header = headers[.authorization] else { return nil }
        let parts = header.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2 else { throw .noKey }
        switch parts[0].lowercased() {
        case "bearer": return String(parts[1])
        case "basic":
            guard let data = Data(base64Encoded: String(parts[1])) else { throw .noKey }
            return String(decoding: data.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
        default: throw .noKey
        }
    }

    /// `sk_test_****1234`, as Stripe shows a wrong key.
    private static func masked(_ key: String) -> String {
        let prefix = ["sk_test_", "pk_test_"].first(where: key.hasPrefix) ?? ""
        return prefix + "****" + (key.count > 20 ? String(key.suffix(4)) : "")
    }
}
