import Conveyor
import Shop
import Testing

@Suite struct StripeEventTests {
    @Test func `an event has the same message id from the webhook and the backfill`() {
        // SHA-256 of "stripe:evt_1", its first 16 bytes as a UUID of version 8: issued ids must never change.
        #expect(StripeEvent.messageID("evt_1") == ID("086cb4b9-c326-816d-9ad5-9cdb4bb87d10"))
        #expect(StripeEvent.messageID("evt_2") != StripeEvent.messageID("evt_1"))
    }
}
