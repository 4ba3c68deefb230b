import Logging

/// Keeps secrets out of the log: by the name of a field, and by the form of a value.
///
/// This is the second line of defence. The first is that no code puts a secret into a log line or an error.
enum Redaction {
    static let replacement = "[redacted]"

    /// Whether a field with this name contains a secret: `password`, `client_secret`, `Authorization`, `api_key`, …
    static func isSecret(name: String) -> Bool {
        if Self.harmless.contains(name) { return false }
        let name = name.lowercased()
        return name == "key" || name.hasSuffix("_key") || name.hasSuffix("-key") || name.hasSuffix("apikey")
            || Self.words.contains { name.contains($0) }
    }

    private static let words = ["password", "passwd", "passphrase", "token", "secret", "authorization", "cookie", "credential", "dsn"]
    /// Checked first, since nearly all fields have these names.
    private static let harmless: Set<String> = [
        "attempt", "batch", "error", "http.method", "idempotent", "message_id", "method", "ms", "operation_id", "order_id", "outcome", "queue",
        "queue_ms", "request_id", "route", "routing_key", "status", "traceparent", "type", "user_id",
    ]

    /// A field's value without secrets, at any depth.
    static func cleaned(_ value: Logger.MetadataValue, name: String) -> Logger.MetadataValue {
        if self.isSecret(name: name) { return .string(self.replacement) }
        switch value {
        case .string(let text): return .string(self.cleaned(text))
        case .stringConvertible(let value):
            return LogNumber.text(of: value) == nil ? .string(self.cleaned(value.description)) : .stringConvertible(value)
        case .array(let values): return .array(values.map { self.cleaned($0, name: "") })
        case .dictionary(let members): return .dictionary(Dictionary(uniqueKeysWithValues: members.map { ($0, self.cleaned($1, name: $0)) }))
        }
    }

    /// The text with apparent secrets replaced: Stripe's keys, bearer tokens, JSON web tokens, passwords and keys in URLs, card numbers.
    static func cleaned(_ text: String) -> String {
        guard Self.isSuspicious(text) else { return text }
        return CardNumbers.removed(from: text).split(separator: " ", omittingEmptySubsequences: false)
            .reduce(into: (words: [String](), isBearer: false)) { state, word in
                state.words.append(state.isBearer ? Self.replacement : Self.cleaned(word: word))
                state.isBearer = word.lowercased().hasSuffix("bearer") || word.lowercased().hasSuffix("basic")
            }.words.joined(separator: " ")
    }

    private static let marks = ["sk_", "rk_", "whsec_", "_secret_", "eyJ", "Bearer ", "bearer ", "Basic "].map { Array($0.utf8) }

    /// One pass over the bytes, which suffices for nearly every text.
    private static func isSuspicious(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var digits = 0
            for (index, byte) in bytes.enumerated() {
                switch byte {
                case UInt8(ascii: "@"): return true
                case UInt8(ascii: "0")...UInt8(ascii: "9"):
                    digits += 1
                    if digits == CardNumbers.length.lowerBound { return true }
                    continue
                case UInt8(ascii: " "), UInt8(ascii: "-"): continue
                case UInt8(ascii: "s"), UInt8(ascii: "r"), UInt8(ascii: "w"), UInt8(ascii: "_"), UInt8(ascii: "e"), UInt8(ascii: "B"),
                    UInt8(ascii: "b"):
                    if Self.marks.contains(where: { bytes[index...].starts(with: $0) }) { return true }
                default: break
                }
                digits = 0
            }
            return false
        }
    }

    private static func cleaned(word: Substring) -> String {
        if let scheme = word.firstRange(of: "://"), let at = word[scheme.upperBound...].lastIndex(of: "@") {
            if let colon = word[scheme.upperBound..<at].firstIndex(of: ":") { return word[...colon] + Self.replacement + word[at...] }
            // Alone it is a user name, unless it is as long as a key (in a DSN).
            if word[scheme.upperBound..<at].count >= 20 { return word[..<scheme.upperBound] + Self.replacement + word[at...] }
        }
        for mark in ["sk_", "rk_", "whsec_", "_secret_", "eyJ"] {
            if let start = word.firstRange(of: mark), word[start.lowerBound...].count >= 12 { return word[..<start.lowerBound] + Self.replacement }
        }
        return String(word)
    }
}
