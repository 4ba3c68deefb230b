import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// A notification as the browser shows it.
struct PushNote: Encodable, Equatable {
    /// Its urgency for a device that saves power (RFC 8030, section 5.3).
    enum Urgency: String { case low, normal, high }

    var title: String
    var body: String
    /// The page that it opens.
    var url: String
    /// A newer notification with the same tag replaces it.
    var tag: String

    /// - Parameter amount: of the order, or of the refund.
    /// - Returns: nil for an event without a notification.
    init?(event: String, order: ID, number: Int64, amount: Money, carrier: String?, shopURL: String) {
        let name = "Order #\(number)"
        switch event {
        case OrderPaid.type: (self.title, self.body) = ("\(name) is paid", "Thank you: \(amount). We get it ready.")
        case OrderShipped.type:
            (self.title, self.body) = ("\(name) is on its way", carrier.map { "It comes with \($0.prefix(60))." } ?? "It has left us.")
        case OrderExpired.type: (self.title, self.body) = ("\(name) has expired", "It was not paid in time.")
        case OrderCancelled.type: (self.title, self.body) = ("\(name) is cancelled", "What was paid goes back.")
        case PaymentFailed.type: (self.title, self.body) = ("The payment of order #\(number) failed", "You can try again, or pay another way.")
        case PaymentRefunded.type: (self.title, self.body) = ("Money goes back for order #\(number)", "\(amount) was refunded so far.")
        default: return nil
        }
        self.url = "\(shopURL)/orders/\(order)"
        self.tag = "order-\(order)"
    }

    static func urgency(of event: String) -> Urgency {
        switch event {
        // The customer can still act.
        case PaymentFailed.type: .high
        case PaymentRefunded.type, OrderExpired.type: .low
        default: .normal
        }
    }

    /// The topic: of the notifications waiting for a device only the order's newest is delivered (RFC 8030, section 5.4). 22 characters of base64url.
    static func topic(of order: ID) -> String { Base64URL.encode(order.bytes) }
}
