public import Conveyor

@_spi(_Unicode) import Swift

extension Rule<String> {
    /// An e-mail address (RFC 5321, section 4.1.2): `local@domain`, at most 254 bytes, the domain in ASCII.
    ///
    /// The local part may contain letters of any script (RFC 6531), but no characters that make two addresses look alike: white space, format and
    /// bidirectional characters, and letters whose lower case is ASCII. It is normalised to NFC.
    ///
    /// An international domain is sent in its ASCII form, `xn--…`, as browsers do. Quoted local parts and address literals are
    /// refused. Only an e-mail can show whether an address exists.
    public static var email: Rule {
        Rule { text throws(Violation) in
            guard text.utf8.count <= 1024 else { throw Violation("must have at most 254 bytes") }
            // Checked as typed: normalising would turn some of these into ASCII letters.
            guard !text.unicodeScalars.contains(where: \.looksASCII) else { throw Violation("must be an e-mail address") }
            // Keyboards encode the same character in several ways (é as one scalar or as two); all of them are the same address.
            let text = String(String.UnicodeScalarView(text._nfc))
            guard text.utf8.count <= 254 else { throw Violation("must have at most 254 bytes") }
            let parts = text.unicodeScalars.split(separator: "@", omittingEmptySubsequences: false)
            guard parts.count == 2, Self.isLocalPart(parts[0]) else { throw Violation("must be an e-mail address") }
            guard parts[1].allSatisfy(\.isASCII) else { throw Violation("must have its domain in ASCII (xn--…)") }
            guard Self.isDomain(parts[1]) else { throw Violation("must be an e-mail address with a valid domain") }
            return text
        }
    }

    private static func isLocalPart(_ part: Substring.UnicodeScalarView) -> Bool {
        guard String(part).utf8.count <= 64 else { return false }
        let words = part.split(separator: ".", omittingEmptySubsequences: false)
        return words.allSatisfy { word in
            guard let first = word.first, !first.properties.isMark else { return false }
            return word.allSatisfy { scalar in
                // The special characters of RFC 5322, section 3.2.3.
                guard !scalar.isASCII else { return !scalar.isInvisible && !"()<>[]:;@\\,\"".unicodeScalars.contains(scalar) }
                // A base letter and a mark become one composed letter: https://www.unicode.org/reports/tr15/
                let isCombining = 0x0300...0x036F ~= scalar.value
                return !scalar.isInvisible && !isCombining && !scalar.looksASCII
            }
        }
    }

    /// Labels of letters, digits and hyphens (RFC 1123, section 2.1).
    private static func isDomain(_ part: Substring.UnicodeScalarView) -> Bool {
        let labels = String(part).utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            1...63 ~= label.count && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") }
        }
    }
}

extension Unicode.Scalar {
    /// A non-ASCII character whose lower case is ASCII, such as the Kelvin sign.
    fileprivate var looksASCII: Bool { !self.isASCII && self.properties.lowercaseMapping.unicodeScalars.contains(where: \.isASCII) }
}

extension Unicode.Scalar.Properties {
    /// A combining character.
    fileprivate var isMark: Bool {
        switch self.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }
}
