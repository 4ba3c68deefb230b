import Transfer

extension Mailbox {
    /// `ada@example.com` or `Ada Lovelace <ada@example.com>`, as settings have it.
    init(parsing text: String) throws(MailError) {
        guard text.hasSuffix(">"), let open = text.lastIndex(of: "<") else {
            try self.init(text)
            return
        }
        var name = text[..<open]
        while let last = name.last, last.isWhitespace || last == "\"" { name.removeLast() }
        while let first = name.first, first.isWhitespace || first == "\"" { name.removeFirst() }
        try self.init(String(text[text.index(after: open)...].dropLast()), name: name.isEmpty ? nil : String(name))
    }
}
