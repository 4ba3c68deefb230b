/// One change in the journal: the whole object as it is from then on.
///
/// A line of the journal is an array of these: all that one call changed, its idempotency record with it, so that after a crash either all
/// of it has happened or nothing.
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
    /// Everything before this is gone: `POST /_double/reset`.
    case reset
}
