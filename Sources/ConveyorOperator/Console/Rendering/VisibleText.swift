extension String {
    /// Shows invisible characters, such as control characters and bidirectional marks, as `⟨U+202E⟩`. Line breaks and
    /// tabs stay. For display only, never for editing.
    public var visible: String {
        guard self.unicodeScalars.contains(where: Self.isInvisible) else { return self }
        var text = String.UnicodeScalarView()
        for scalar in self.unicodeScalars {
            guard Self.isInvisible(scalar) else {
                text.append(scalar)
                continue
            }
            let digits = String(scalar.value, radix: 16, uppercase: true)
            text.append(contentsOf: "⟨U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)⟩".unicodeScalars)
        }
        return String(text)
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0a: false
        case 0..<0x20, 0x7f...0x9f: true
        // Zero-width characters, bidirectional marks, line and paragraph separators, the byte order mark, tags.
        case 0xad, 0x61c, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff, 0xe0000...0xe007f: true
        default: false
        }
    }

    /// At most this many characters, with an ellipsis for the rest.
    public func shortened(to limit: Int) -> String {
        guard let end = self.index(self.startIndex, offsetBy: limit, limitedBy: self.endIndex), end != self.endIndex else { return self }
        return self[..<end] + "…"
    }
}
