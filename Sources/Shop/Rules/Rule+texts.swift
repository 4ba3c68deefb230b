public import Conveyor

extension Rule<String> {
    /// Any text, with line breaks, in any script. Postgres stores all characters but NUL.
    /// - Parameter lengths: in Unicode scalars, as Postgres and JSON Schema count them.
    public static func text(_ lengths: ClosedRange<Int>) -> Rule {
        Rule { text throws(Violation) in
            guard !text.utf8.contains(0) else { throw Violation("must not contain the character NUL") }
            guard text.hasLength(in: lengths) else { throw .length(lengths) }
            return text
        }
    }

    /// Any text with at least one visible character.
    public static func words(_ lengths: ClosedRange<Int>) -> Rule {
        Rule { text throws(Violation) in
            let text = try Rule.text(lengths).read(text)
            guard !text.trimmed.isEmpty else { throw Violation("must not be blank") }
            return text
        }
    }

    /// A text on one line, such as a title: no control characters; surrounding white space is removed.
    public static func line(_ lengths: ClosedRange<Int>) -> Rule {
        Rule { text throws(Violation) in try Self.line(text, lengths) }
    }

    private static func line(_ text: String, _ lengths: ClosedRange<Int>) throws(Violation) -> String {
        // Bytes first, so that a megabyte is not checked character by character.
        guard text.utf8.count <= lengths.upperBound * 8 else { throw .length(lengths) }
        let line = text.trimmed
        guard lengths.lowerBound == 0 || !line.isEmpty || text.isEmpty else { throw Violation("must not be blank") }
        guard line.hasLength(in: lengths) else { throw .length(lengths) }
        guard !line.unicodeScalars.contains(where: \.isControl) else { throw Violation("must not contain line breaks or control characters") }
        return line
    }

    /// A line about a person, such as on an address label. The shop repeats it in e-mails to addresses that anyone may have entered, so it must not
    /// contain a web address: the shop would deliver strangers' links.
    static func postal(_ lengths: ClosedRange<Int>) -> Rule {
        Rule { text throws(Violation) in
            let line = try Self.line(text, lengths)
            guard !line.holdsWebAddress else { throw Violation("must not contain a web address") }
            return line
        }
    }

    /// The name of an account's user; may be empty.
    public static var personName: Rule { .postal(0...100) }

    /// The name of a product or a category; surrounding white space is removed.
    public static var title: Rule {
        Rule { text throws(Violation) in try Rule.words(1...200).read(text).trimmed }
    }

    /// The description of a product or a category.
    public static var description: Rule { .text(0...10_000) }

    /// The reason of an action, as free text.
    public static var reason: Rule { .text(0...500) }

    /// A carrier's name or tracking number.
    public static var tracking: Rule { .text(0...100) }

    /// A stock keeping unit: visible characters only, so that no two look alike.
    public static var sku: Rule {
        Rule { text throws(Violation) in
            guard text.hasLength(in: 1...100) else { throw .length(1...100) }
            guard !text.trimmed.isEmpty else { throw Violation("must not be blank") }
            guard text.trimmed.utf8.elementsEqual(text.utf8) else { throw Violation("must not begin or end with a space") }
            guard text.unicodeScalars.allSatisfy({ $0 == " " || !$0.isInvisible }) else {
                throw Violation("must have visible characters and plain spaces only")
            }
            return text
        }
    }

    /// A category's slug: lower-case letters and digits, separated by single hyphens.
    public static var slug: Rule {
        Rule { text throws(Violation) in
            guard text.hasLength(in: 1...200) else { throw .length(1...200) }
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { $0.isLetter || $0.isNumber } }), text == text.lowercased(), ID(text) == nil else {
                throw Violation("must be lower-case letters and digits, separated by hyphens")
            }
            return text
        }
    }

    /// A country (ISO 3166-1 alpha-2), stored in upper case.
    public static var country: Rule {
        Rule { text throws(Violation) in
            guard text.utf8.count == 2, text.utf8.allSatisfy(\.isLetter) else { throw Violation("must be a two-letter country code") }
            return text.uppercased()
        }
    }
}

extension Violation {
    static func length(_ lengths: ClosedRange<Int>) -> Violation {
        Violation(
            lengths.lowerBound == 0
                ? "must have at most \(lengths.upperBound) characters" : "must have \(lengths.lowerBound) to \(lengths.upperBound) characters")
    }
}

extension String {
    /// Whether its length in Unicode scalars is in the range.
    func hasLength(in lengths: ClosedRange<Int>) -> Bool {
        // Bytes first: a scalar has at most four.
        self.utf8.count <= lengths.upperBound.multipliedReportingOverflow(by: 4).partialValue && lengths.contains(self.unicodeScalars.count)
    }

    /// Whether it contains the beginning of a web address, which mail programs turn into a link.
    fileprivate var holdsWebAddress: Bool {
        var last: (UInt8, UInt8, UInt8) = (0, 0, 0)
        for byte in self.utf8 {
            switch (last, byte) {
            case ((_, UInt8(ascii: ":"), UInt8(ascii: "/")), UInt8(ascii: "/")): return true
            case (_, UInt8(ascii: ".")) where [last.0, last.1, last.2].allSatisfy({ $0 | 0x20 == UInt8(ascii: "w") }): return true
            default: last = (last.1, last.2, byte)
            }
        }
        return false
    }

    /// Without surrounding white space of any kind.
    var trimmed: String {
        var scalars = self.unicodeScalars[...]
        while scalars.first?.properties.isWhitespace == true { scalars.removeFirst() }
        while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
        return scalars.count == self.unicodeScalars.count ? self : String(scalars)
    }
}

extension Unicode.Scalar {
    /// A control character, or a line or paragraph separator.
    var isControl: Bool {
        if self.isASCII { return self.value < 0x20 || self.value == 0x7F }
        switch self.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: return true
        default: return false
        }
    }

    /// An invisible character: white space, a control or format character (including bidirectional marks), or an unassigned one.
    var isInvisible: Bool {
        if self.isASCII { return self.value <= 0x20 || self.value == 0x7F }
        switch self.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator, .paragraphSeparator: return true
        default: return false
        }
    }
}

extension UInt8 {
    /// An ASCII letter.
    var isLetter: Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= self | 0x20 }
    /// An ASCII digit.
    var isDigit: Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= self }
}
