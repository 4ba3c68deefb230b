public import Conveyor
import Crypto

extension StripeEvent {
    /// The message id of an event: the same for each delivery of the webhook and for the backfill, so the event is handled once.
    public static func messageID(_ eventID: String) -> ID {
        ID(digest: SHA256.hash(data: Array("stripe:\(eventID)".utf8)), version: 8)
    }
}
