/// The optional notifications that a user wants; nil leaves a choice unchanged.
public struct NotificationChoices: Codable, Sendable, Equatable {
    /// By web push.
    public var push: Bool?
    /// By text message.
    public var sms: Bool?
    /// By e-mail, except confirmations, refunds and passwords: those are always sent.
    public var emailUpdates: Bool?

    /// The optional notifications that a user wants.
    public init(push: Bool? = nil, sms: Bool? = nil, emailUpdates: Bool? = nil) {
        self.push = push
        self.sms = sms
        self.emailUpdates = emailUpdates
    }

    enum CodingKeys: String, CodingKey {
        case push, sms
        case emailUpdates = "email_updates"
    }
}
