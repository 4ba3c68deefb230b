/// An e-mail address with a display name.
public struct Mailbox: Sendable, Hashable {
    /// `ada@example.com`
    public let address: String
    /// The display name: any text.
    public let name: String?

    /// A mailbox.
    ///
    /// The address is `local@domain` without quotes, comments and spaces. Non-ASCII letters need a server with SMTPUTF8 (RFC 6531).
    /// - Throws: ``MailError`` if the address is malformed, or the name contains a control character.
    public init(_ address: String, name: String? = nil) throws(MailError) {
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        guard address.utf8.count <= 254, parts.count == 2, parts.allSatisfy({ !$0.isEmpty && !$0.contains(where: isSpecial) }) else {
            throw MailError("an e-mail address is not of the form local@domain")
        }
        guard !holdsControl(name ?? "") else { throw MailError("a control character in the name of a mailbox") }
        self.address = address
        self.name = name
    }
}

/// The special characters of RFC 5322, section 3.2.3, and white space.
private func isSpecial(_ character: Character) -> Bool {
    character.isWhitespace
        || character.unicodeScalars.contains { $0.value < 0x21 || $0.value == 0x7F || "()<>[]:;@\\,\"".unicodeScalars.contains($0) }
}
