public import Conveyor

/// Sends one e-mail from a template.
public struct SendEmail: Command {
    /// `email.send`.
    public static let type = "email.send"

    /// The template's name, which is also the kind of e-mail.
    public var template: String
    /// The subject's id: unique together with `template`, so that the e-mail is sent once.
    public var subject: String
    /// The recipient's address; empty after the person was erased.
    public var to: String
    /// The recipient's account.
    public var userID: ID?
    /// Values for the template; never a secret.
    public var data: [String: String]

    /// Sends one e-mail from a template.
    public init(template: String, subject: String, to: String, userID: ID? = nil, data: [String: String]) {
        self.template = template
        self.subject = subject
        self.to = to
        self.userID = userID
        self.data = data
    }

    enum CodingKeys: String, CodingKey {
        case template, subject, to
        case userID = "user_id"
        case data
    }
}

/// Notifies one browser of one event by web push.
public struct SendPush: Command {
    /// `email.push`.
    public static let type = "email.push"

    /// The subscription.
    public var subscriptionID: ID
    /// The type of the event, e.g. `order.paid`.
    public var event: String
    /// The event's type, e.g. `order.paid`.
    public var orderID: ID

    /// Notifies one browser of one event.
    public init(subscriptionID: ID, event: String, orderID: ID) {
        self.subscriptionID = subscriptionID
        self.event = event
        self.orderID = orderID
    }

    enum CodingKeys: String, CodingKey {
        case subscriptionID = "subscription_id"
        case event
        case orderID = "order_id"
    }
}
