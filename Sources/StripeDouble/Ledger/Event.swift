/// https://docs.stripe.com/api/events/object: what happened, with the object as it was then.
struct Event: Stored {
    let id: String
    let serial: Int
    let created: Int
    let type: String
    /// `{"object": …, "previous_attributes": …}` as JSON text.
    let data: String
    /// The PaymentIntent that it is about, directly or not; empty if none. Deliveries about one go out one after the other.
    let subject: String
    /// The call that caused it; nil for what happens by itself or in the dashboard.
    let requestID: String?
    let idempotencyKey: String?
    /// Whether the webhook endpoint has not taken it yet.
    var isPending: Bool
    /// Attempts to deliver it, all failed while it is pending.
    var attempts = 0

    var json: JSON {
        [
            "id": .string(self.id), "object": "event", "api_version": .string(StripeVersion.current), "created": .integer(self.created),
            "data": .raw(self.data), "livemode": false, "pending_webhooks": .integer(self.isPending ? 1 : 0),
            "request": ["id": .text(self.requestID), "idempotency_key": .text(self.idempotencyKey)], "type": .string(self.type),
        ]
    }
}
