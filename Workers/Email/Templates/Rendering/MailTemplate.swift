/// The shop's e-mails. Each has two files in `Letters/`: text, whose first line is the subject, and HTML.
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
    /// For the staff.
    case stockLow = "stock_low"
    /// For the staff.
    case dispute
    /// For the staff.
    case webhookOff = "webhook_off"

    /// Whether it is also sent as a text message, if that is configured.
    public var hasTextMessage: Bool { self == .orderShipped }
}
