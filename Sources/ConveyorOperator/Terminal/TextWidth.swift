extension String {
    /// The text's columns in a terminal: two for wide East Asian characters and most emoji, none for combining marks.
    var columns: Int { self.reduce(0) { $0 + $1.columns } }

    /// The same for a text with styles from ``Terminal/styled(_:_:)``.
    var columnsShown: Int { self.replacing(/\u{1b}\[[0-9]*m/, with: "").columns }

    /// The text cut to a number of columns, the last of them an ellipsis if something was cut off.
    func fitted(to width: Int) -> String {
        guard self.columns > width else { return self }
        var text = ""
        var left = max(0, width - 1)
        for character in self {
            guard character.columns <= left else { break }
            left -= character.columns
            text.append(character)
        }
        return width > 0 ? text + "…" : ""
    }

    /// The text on one line, with invisible characters made visible, including line breaks and tabs, so that no payload moves the cursor.
    public var onOneLine: String { self.visible.replacing("\n", with: "␊").replacing("\t", with: " ") }
}

extension Character {
    fileprivate var columns: Int {
        guard let scalar = self.unicodeScalars.first else { return 0 }
        if scalar.isASCII { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6,
            0x20000...0x3fffd:
            return 2
        default: return scalar.properties.isEmojiPresentation || self.unicodeScalars.contains("\u{fe0f}") ? 2 : 1
        }
    }
}
