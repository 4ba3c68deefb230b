/// An e-mail address with the name that is shown for it.
public struct Mailbox: Sendable, Hashable {
    /// `ada@example.com`
    public let address: String
    /// Any text; shown instead of the address.
    public let name: String?

    /// A mailbox.
    ///
    /// - Throws: ``MailError`` if the address is not one of the form `local@domain`, or either holds a control character.
    public init(_ address: String, name: String? = nil) throws(MailError) {
        self.address = address
        self.name = name
    }
}
