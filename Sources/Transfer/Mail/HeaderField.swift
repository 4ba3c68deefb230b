import FoundationEssentials

/// Writes header fields: folded (RFC 5322, section 2.2.3), and with encoded words where they are not plain ASCII (RFC 2047).
struct HeaderField {
    /// The recommended length of a line; words are never broken.
    private static let lineLength = 76

    private(set) var line: String
    private var column: Int

    init(_ name: String) {
        self.line = "\(name):"
        self.column = self.line.utf8.count
    }

    /// Free text, for `Subject`.
    init(_ name: String, text: String) throws(MailError) {
        guard !holdsControl(text) else { throw MailError("a control character in the header \(name)") }
        self.init(name)
        if Self.isPlain(text) {
            for word in text.split(separator: " ", omittingEmptySubsequences: false) { self.add(word) }
        } else {
            self.addEncoded(text)
        }
        guard !self.line.split(separator: "\r\n").contains(where: { $0.utf8.count > 998 }) else { throw MailError("the header \(name) is too long") }
    }

    /// Mailboxes, for `To`.
    init(_ name: String, _ mailboxes: [Mailbox]) {
        self.init(name)
        for (index, mailbox) in mailboxes.enumerated() {
            let comma = index + 1 < mailboxes.count ? "," : ""
            guard let name = mailbox.name, !name.isEmpty else {
                self.add("\(mailbox.address)\(comma)")
                continue
            }
            if Self.isPlain(name) && name.utf8.count < 60 {
                self.add("\"\(name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"")
            } else {
                self.addEncoded(name)
            }
            self.add("<\(mailbox.address)>\(comma)")
        }
    }

    /// The field's bytes with the line end.
    var bytes: [UInt8] { Array("\(self.line)\r\n".utf8) }

    /// Printable ASCII, with spaces only where folding cannot change them, and nothing that looks like an encoded word.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20...0x7E).contains($0) } && !text.contains("=?") && !text.contains("  ") && !text.hasPrefix(" ")
            && !text.hasSuffix(" ")
    }

    private mutating func add(_ word: some StringProtocol) {
        if self.column + 1 + word.utf8.count > Self.lineLength, self.column > 1, !self.line.hasSuffix(":") {
            self.line += "\r\n"
            self.column = 0
        }
        self.line += " \(word)"
        self.column += 1 + word.utf8.count
    }

    /// Encoded words `=?UTF-8?B?…?=` of at most 75 characters, which never split a character's bytes.
    private mutating func addEncoded(_ text: String) {
        let (opening, closing) = ("=?UTF-8?B?", "?=")
        var chunk: [UInt8] = []
        func capacity(_ column: Int) -> Int { max(0, (Self.lineLength - column - 1 - opening.utf8.count - closing.utf8.count) / 4 * 3) }
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if chunk.count + bytes.count > capacity(self.column) {
                if !chunk.isEmpty { self.add("\(opening)\(Data(chunk).base64EncodedString())\(closing)") }
                self.line += "\r\n"
                self.column = 0
                chunk = []
            }
            chunk += bytes
        }
        self.add("\(opening)\(Data(chunk).base64EncodedString())\(closing)")
    }
}

/// Whether a text contains a character that would end its line or hide a part of it.
func holdsControl(_ text: String) -> Bool { text.utf8.contains { $0 < 0x20 || $0 == 0x7F } }
