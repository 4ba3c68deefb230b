import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// An order in the API.
struct OrderBody: Encodable, Sendable {
    struct Item: Encodable, Sendable {
        let productID: ID
        let sku: String
        let name: String
        let quantity: Int
        let unitAmount: Int64
        let amount: Int64

        enum CodingKeys: String, CodingKey {
            case productID = "product_id"
            case sku, name, quantity
            case unitAmount = "unit_amount"
            case amount
        }
    }

    struct Payment: Encodable, Sendable {
        let paymentIntentID: String
        let status: String
        let amount: Int64
        let currency: String
        let failureCode: OrNull<String>
        let createdAt: Date

        enum CodingKeys: String, CodingKey {
            case paymentIntentID = "payment_intent_id"
            case status, amount, currency
            case failureCode = "failure_code"
            case createdAt = "created_at"
        }
    }

    struct Refund: Encodable, Sendable {
        /// Stripe's refund id, or the shop's while Stripe has not been asked yet.
        let refundID: String
        let status: String
        let amount: Int64
        let reason: OrNull<String>
        let createdAt: Date

        enum CodingKeys: String, CodingKey {
            case refundID = "refund_id"
            case status, amount, reason
            case createdAt = "created_at"
        }
    }

    struct Tracking: Encodable, Sendable {
        let carrier: OrNull<String>
        let trackingNumber: OrNull<String>

        enum CodingKeys: String, CodingKey {
            case carrier
            case trackingNumber = "tracking_number"
        }
    }

    let id: ID
    let number: String
    let userID: ID
    let status: String
    let paymentStatus: String
    let currency: String
    let totalAmount: Int64
    let amountRefunded: Int64
    var items: [Item] = []
    let shippingAddress: JSONValue
    let billingAddress: OrNull<JSONValue>
    let paymentIntentID: OrNull<String>
    var payments: [Payment] = []
    var refunds: [Refund] = []
    let disputed: Bool
    let rejection: OrNull<ProblemBody>
    let paymentDueAt: OrNull<Date>
    let tracking: OrNull<Tracking>
    let createdAt: Date
    let updatedAt: Date

    enum CodingKeys: String, CodingKey {
        case id, number
        case userID = "user_id"
        case status
        case paymentStatus = "payment_status"
        case currency
        case totalAmount = "total_amount"
        case amountRefunded = "amount_refunded"
        case items
        case shippingAddress = "shipping_address"
        case billingAddress = "billing_address"
        case paymentIntentID = "payment_intent_id"
        case payments, refunds, disputed, rejection
        case paymentDueAt = "payment_due_at"
        case tracking
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }
}

/// Encodes a missing value as `null` instead of leaving it out.
struct OrNull<Value: Encodable & Sendable>: Encodable, Sendable {
    let value: Value?

    init(_ value: Value?) { self.value = value }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value { try container.encode(value) } else { try container.encodeNil() }
    }
}
