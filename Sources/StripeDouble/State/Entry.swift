/// One change in the journal: the whole object after the change.
///
/// A line of the journal is an array of these: all changes of one call and its idempotency record, so a crash keeps either all of them or none.
enum Entry: Sendable, Codable {
    case paymentIntent(PaymentIntent)
    case charge(Charge)
    case refund(Refund)
    case dispute(Dispute)
    case paymentMethod(PaymentMethod)
    case event(Event)
    case answer(Idempotency.Record)
    case timer(Timer)
    case timerGone(serial: Int)
    /// Deletes everything before: `POST /_double/reset`.
    case reset
}
