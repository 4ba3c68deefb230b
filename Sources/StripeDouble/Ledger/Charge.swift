/// https://docs.stripe.com/api/charges/object, as far as the double simulates it.
struct Charge: Stored {
    enum Status: String, Sendable, Codable { case succeeded, pending, failed }

    let id: String
    let serial: Int
    let created: Int
    let paymentIntent: String
    let paymentMethod: String
    let amount: Int
    let currency: String
    var status: Status
    var amountCaptured = 0
    /// The authorised amount that was not captured; the customer gets it back without a refund.
    var amountReleased = 0
    /// The sum of refunds that did not fail.
    var amountRefunded = 0
    var isDisputed = false
    var failure: PaymentError?
    var description: String?
    var receiptEmail: String?
    var metadata: [String: String]
    var shipping: Form?

    /// The largest amount of a further refund.
    var amountRefundable: Int { self.amountCaptured - self.amountRefunded }
    var isCaptured: Bool { self.amountCaptured > 0 }
}
