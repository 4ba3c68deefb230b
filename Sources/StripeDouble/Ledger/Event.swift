/// An event with the object in its state at that time: https://docs.stripe.com/api/events/object
struct Event: Stored {
    let id: String
    let serial: Int
    let created: Int
    let type: String
    /// `{"object": …, "previous_attributes": …}` as JSON text.
    let data: String
    /// The PaymentIntent that it concerns, directly or indirectly; empty if none. Events about one PaymentIntent are delivered one after the other.
    let subject: String
    /// The call that caused it; nil for timers and for actions in the dashboard.
    let requestID: String?
    let idempotencyKey: String?
    /// Whether the webhook endpoint has not accepted it yet.
    var isPending: Bool
    /// Attempts to deliver it; while it is pending, all of them have failed.
    var attempts = 0

    var json: JSON {
        [
            "id": .string(self.id), "object": "event", "api_version": .string(StripeVersion.current), "created": .integer(self.created),
            "data": .raw(self.data), "livemode": false, "pending_webhooks": .integer(self.isPending ? 1 : 0),
            "request": ["id": .text(self.requestID), "idempotency_key": .text(self.idempotencyKey)], "type": .string(self.type),
        ]
    }
}
