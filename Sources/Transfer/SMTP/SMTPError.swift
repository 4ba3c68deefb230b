/// A failure to send an e-mail.
public struct SMTPError: Error, Sendable, Hashable {
    /// The step of the SMTP conversation.
    public enum Stage: String, Sendable {
        /// The e-mail cannot be encoded; nothing was sent.
        case message
        /// The connection, the greeting, EHLO or TLS.
        case connect
        /// AUTH.
        case login
        /// MAIL FROM.
        case sender
        /// RCPT TO.
        case recipient
        /// DATA and everything after it.
        case data
    }

    /// The step that failed.
    public let stage: Stage
    /// The server's reply code (RFC 5321, section 4.2); `nil` without a reply.
    public let reply: Int?
    /// The index in ``Mail/to`` of the refused recipient, if there was one.
    public let recipient: Int?
    /// libcurl's code; negative ones belong to this module.
    public let code: TransferError.Code
    /// The server's reply, else libcurl's message; never contains a password.
    public let message: String
    /// Whether the whole e-mail was sent without a reply: it may be delivered, and a retry may deliver it twice.
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

    /// Whether the server refused this e-mail for good: a 5xx to its sender, recipient or data, or it cannot be encoded. A 5xx to the connection
    /// or the login (RFC 4954: 530 to 538) concerns the settings: the e-mail may be sent once they are corrected.
    public var isPermanent: Bool {
        switch self.stage {
        case .message: true
        case .connect, .login: false
        case .sender, .recipient, .data: self.reply.map { (500...599).contains($0) && !(530...538).contains($0) } ?? false
        }
    }

    /// Whether a retry may succeed; never for a cancelled e-mail.
    public var isRetriable: Bool { !self.isPermanent && self.code != .cancelled }
}

extension SMTPError: CustomStringConvertible {
    /// For logs: the step, the server's code and reply.
    public var description: String {
        let words = "\(self.stage.rawValue): \(self.message) (\(self.code.rawValue)"
        return words + (self.reply.map { ", reply \($0)" } ?? "") + (self.mayHaveBeenSent ? ", may have been sent)" : ")")
    }
}
