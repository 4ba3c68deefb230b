public import FoundationEssentials

/// An e-mail with a plain-text and an HTML form.
public struct Mail: Sendable {
    /// The author, also the sender in the envelope.
    public var from: Mailbox
    /// The recipients, also in the envelope.
    public var to: [Mailbox]
    /// `Reply-To`, if answers should not go to the author.
    public var replyTo: Mailbox?
    /// Any text on one line.
    public var subject: String
    /// Any text; line ends of either kind.
    public var text: String
    /// `nil` for a plain-text e-mail.
    public var html: String?
    /// With or without the angle brackets: `7c9e@shop.example`.
    public var messageID: String
    /// The `Date` header.
    public var date: Date
    /// Further headers, such as `List-Unsubscribe`; not those of the properties above.
    public var headers: [(name: String, value: String)]

    /// An e-mail. ``SMTPClient/send(_:)`` checks it.
    public init(
        from: Mailbox, to: [Mailbox], replyTo: Mailbox? = nil, subject: String, text: String, html: String? = nil, messageID: String,
        date: Date = Date(), headers: [(name: String, value: String)] = []
    ) {
        self.from = from
        self.to = to
        self.replyTo = replyTo
        self.subject = subject
        self.text = text
        self.html = html
        self.messageID = messageID
        self.date = date
        self.headers = headers
    }
}
