@_spi(_Unicode) import Swift

/// A password as typed. Keyboards encode the same character in several ways (é as one scalar or as two); all of them are the same password.
public struct Password: Sendable {
    /// In Unicode's NFC, which is hashed (NIST SP 800-63B, section 5.1.1.2).
    public let normalized: String
    private let typed: String

    /// A password as it was typed.
    public init(_ typed: String) {
        self.typed = typed
        self.normalized = String(String.UnicodeScalarView(typed._nfc))
    }

    /// The forms to compare with a hash, the current one first: older hashes were made of the password as typed.
    var spellings: [String] {
        let decomposed = String(String.UnicodeScalarView(self.typed._nfd))
        var spellings: [String] = []
        // Compared by bytes: Swift's `==` treats all of them as equal.
        for spelling in [self.normalized, self.typed, decomposed] where !spellings.contains(where: { $0.utf8.elementsEqual(spelling.utf8) }) {
            spellings.append(spelling)
        }
        return spellings
    }

    /// The reason to refuse the password as a new one, as a text for its owner; nil if it is acceptable.
    ///
    /// It refuses the passwords that attackers try first (OWASP ASVS 2.1.7): the most common ones, one repeated character, the account's own address.
    /// - Parameter email: the account's address, if known.
    public func weakness(email: String?) -> String? {
        if Set(self.normalized).count == 1 { return "must not be one character over and over" }
        let lowercased = self.normalized.lowercased()
        if let email = email?.lowercased(), lowercased == email || email.split(separator: "@").first.map(String.init) == lowercased {
            return "must not be the e-mail address"
        }
        return CommonPasswords.contain(lowercased) ? "is one of the most common passwords, which are tried first; choose another one" : nil
    }
}

/// The 20,000 most common passwords in breaches, except those with less than 8 characters: lower case, one per line, sorted by bytes.
///
/// The list is that of Django (`common-passwords.txt`, BSD-3-Clause), which Royce Williams compiled.
enum CommonPasswords {
    /// Whether the list contains a password, given in lower case.
    static func contain(_ password: String) -> Bool {
        let lines = PackageResources.common_passwords_txt
        let wanted = Array(password.utf8)
        // `low` and `high` always point at the beginning of a line, or at the end.
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
