/// https://docs.stripe.com/api/refunds/object, as far as the double simulates it.
struct Refund: Stored {
    enum Status: String, Sendable, Codable, CaseIterable { case pending, succeeded, failed, canceled }

    enum Reason: String, Sendable, Codable, CaseIterable {
        case duplicate, fraudulent
        case requestedByCustomer = "requested_by_customer"
    }

    let id: String
    let serial: Int
    let created: Int
    let amount: Int
    let currency: String
    let charge: String
    let paymentIntent: String
    var status: Status
    var reason: Reason?
    var failureReason: String?
    var metadata: [String: String]
}
