@_spi(_Unicode) import Swift

/// A password as somebody typed it. Keyboards write one letter in several ways (é as one scalar or as two): whichever was typed, it is the same.
public struct Password: Sendable {
    /// In Unicode's NFC: this is what is hashed (NIST SP 800-63B, section 5.1.1.2).
    public let normalized: String
    private let typed: String

    /// A password as it was typed.
    public init(_ typed: String) {
        self.typed = typed
        self.normalized = String(String.UnicodeScalarView(typed._nfc))
    }

    /// What an older hash may have been made of, that of today first: such hashes are of what was typed.
    var spellings: [String] {
        let decomposed = String(String.UnicodeScalarView(self.typed._nfd))
        var spellings: [String] = []
        // By their bytes: as Swift compares, they are all equal.
        for spelling in [self.normalized, self.typed, decomposed] where !spellings.contains(where: { $0.utf8.elementsEqual(spelling.utf8) }) {
            spellings.append(spelling)
        }
        return spellings
    }

    /// Why it is no good as a new password, for the one who chose it; nil if it is.
    ///
    /// Refused are those that are tried first (OWASP ASVS 2.1.7): the most common ones, one character over and over, the account's own address.
    /// - Parameter email: of the account, if it is known.
    public func weakness(email: String?) -> String? {
        if Set(self.normalized).count == 1 { return "must not be one character over and over" }
        let lowercased = self.normalized.lowercased()
        if let email = email?.lowercased(), lowercased == email || email.split(separator: "@").first.map(String.init) == lowercased {
            return "must not be the e-mail address"
        }
        return CommonPasswords.contain(lowercased) ? "is one of the most common passwords, which are tried first; choose another one" : nil
    }
}

/// The passwords of at least 8 characters among the 20,000 that were most common in breaches: lower case, one a line, sorted by their bytes.
///
/// The list is that of Django (`common-passwords.txt`, BSD-3-Clause), which Royce Williams compiled.
enum CommonPasswords {
    /// Whether a password, in lower case, is one of them.
    static func contain(_ password: String) -> Bool {
        let lines = PackageResources.common_passwords_txt
        let wanted = Array(password.utf8)
        // The first line is at 0; `low` and `high` are always the beginnings of lines, or the end.
        var (low, high) = (0, lines.count)
        while low < high {
            var begin = low + (high - low) / 2
            while begin > low, lines[begin - 1] != UInt8(ascii: "\n") { begin -= 1 }
            let end = lines[begin..<high].firstIndex(of: UInt8(ascii: "\n")) ?? high
            let line = lines[begin..<end]
            if line.elementsEqual(wanted) { return true }
            if line.lexicographicallyPrecedes(wanted) { low = min(end + 1, high) } else { high = begin }
        }
        return false
    }
}
