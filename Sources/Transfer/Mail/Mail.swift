public import FoundationEssentials

/// One e-mail with a plain and an HTML form of the same text.
public struct Mail: Sendable {
    /// The author, and the envelope's sender.
    public var from: Mailbox
    /// Recipients, each also in the envelope.
    public var to: [Mailbox]
    /// Where answers go, if not to the author.
    public var replyTo: Mailbox?
    /// Any text on one line.
    public var subject: String
    /// Any text; line ends of either kind.
    public var text: String
    /// `nil`: a plain e-mail.
    public var html: String?
    /// With or without the angle brackets: `7c9e@shop.example`.
    public var messageID: String
    /// When it was written.
    public var date: Date
    /// Further lines, `List-Unsubscribe` for example; not those that the fields above make.
    public var headers: [(name: String, value: String)]

    /// An e-mail. What cannot be sent is refused by ``SMTPClient/send(_:)``.
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
