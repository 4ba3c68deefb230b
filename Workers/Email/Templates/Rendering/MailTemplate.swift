/// The e-mails that the shop sends. Each is two files of `Letters/`: text, whose first line is the subject, and HTML.
public enum MailTemplate: String, Sendable, CaseIterable {
    case orderConfirmation = "order_confirmation"
    case paymentFailed = "payment_failed"
    case orderShipped = "order_shipped"
    case orderCancelled = "order_cancelled"
    case orderExpired = "order_expired"
    case refunded
    case welcome
    case passwordReset = "password_reset"
    case passwordChanged = "password_changed"
    /// To the shop's staff.
    case stockLow = "stock_low"
    /// To the shop's staff.
    case dispute

    /// Whether it is sent as a text message too, where that is configured.
    public var hasTextMessage: Bool { self == .orderShipped }
}
