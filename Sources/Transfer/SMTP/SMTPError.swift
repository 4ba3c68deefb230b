/// Why an e-mail was not taken.
public struct SMTPError: Error, Sendable, Hashable {
    /// How far the conversation had come.
    public enum Stage: String, Sendable {
        /// The e-mail itself cannot be written; nothing was sent.
        case message
        /// The connection, the greeting, EHLO or TLS.
        case connect
        /// AUTH.
        case login
        /// MAIL FROM.
        case sender
        /// RCPT TO.
        case recipient
        /// DATA and all after it.
        case data
    }

    /// Where it failed.
    public let stage: Stage
    /// The server's reply code (RFC 5321, section 4.2); `nil` if it said nothing.
    public let reply: Int?
    /// The refused recipient's place in ``Mail/to``, if it was one.
    public let recipient: Int?
    /// libcurl's code; below zero are this module's own.
    public let code: TransferError.Code
    /// The server's words, else libcurl's; no password is ever in it.
    public let message: String
    /// Whether the whole e-mail had left and no reply came: then it may be delivered, and another try may deliver it twice.
    public let mayHaveBeenSent: Bool

    /// An error; for doubles and tests.
    public init(stage: Stage, reply: Int? = nil, recipient: Int? = nil, code: TransferError.Code, message: String, mayHaveBeenSent: Bool = false) {
        self.stage = stage
        self.reply = reply
        self.recipient = recipient
        self.code = code
        self.message = message
        self.mayHaveBeenSent = mayHaveBeenSent
    }

    /// Whether the server refused this e-mail for good: a 5xx to its sender, recipient or data, or the e-mail cannot be written.
    /// A 5xx to the connection or about the login (RFC 4954: 530 to 538) is about the settings: the e-mail may go out once they are mended.
    public var isPermanent: Bool {
        switch self.stage {
        case .message: true
        case .connect, .login: false
        case .sender, .recipient, .data: self.reply.map { (500...599).contains($0) && !(530...538).contains($0) } ?? false
        }
    }

    /// Whether the same e-mail may be taken later; a cancelled one says no.
    public var isRetriable: Bool { !self.isPermanent && self.code != .cancelled }
}

extension SMTPError: CustomStringConvertible {
    /// For a log: the stage, the server's code and words.
    public var description: String {
        let words = "\(self.stage.rawValue): \(self.message) (\(self.code.rawValue)"
        return words + (self.reply.map { ", reply \($0)" } ?? "") + (self.mayHaveBeenSent ? ", may have been sent)" : ")")
    }
}
