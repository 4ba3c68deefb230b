/// A scheduled action; stored with the objects, so a restart does not lose it.
struct Timer: Sendable, Codable {
    enum Action: Sendable, Codable {
        /// The PaymentIntent leaves `processing`.
        case settle(paymentIntent: String)
        case dispute(charge: String)
        case finishRefund(id: String, status: Refund.Status)
    }

    let serial: Int
    /// Unix milliseconds on the double's clock.
    let due: Int
    let action: Action
}
