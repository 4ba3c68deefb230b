import Conveyor
import Fixtures
import FoundationEssentials
import Postgres
import Shop
import Testing

@testable import Payments

/// Stripe's vocabulary grows and changes with its API versions; the shop's does not.
@Suite struct StripeWordTests {
    /// A Stripe event about an object.
    private func event(_ type: String, _ object: String, created: Int64 = Clock.milliseconds() / 1000) -> StripeEvent {
        let id = "evt_\(ID.v7(milliseconds: UInt64(Clock.milliseconds())))"
        return StripeEvent(
            eventID: id, eventType: type, created: created,
            body: #"{"id":"\#(id)","object":"event","created":\#(created),"type":"\#(type)","data":{"object":\#(object)}}"#)
    }

    private func handle(_ event: StripeEvent, on stage: Stage) async throws {
        let id = try await stage.shop.send(event, by: "stripe")
        #expect(try await stage.shop.ended(id).outcome == "succeeded", "\(event.body)")
    }

    private func canceled(_ intent: String, because reason: String?) -> String {
        """
        {"id":"\(intent)","object":"payment_intent","status":"canceled","amount":2000,"amount_received":0,"currency":"usd","latest_charge":null,\
        "cancellation_reason":\(reason.map { "\"\($0)\"" } ?? "null")}
        """
    }

    @Test func `a cancellation that the shop did not request is Stripe's, whatever its reason at Stripe`() async throws {
        try await withPayments { stage in
            let words = [
                "expired", "automatic", "abandoned", "duplicate", "fraudulent", "requested_by_customer", "failed_invoice", "void_invoice",
                "cancelled", "a_word_of_next_year", nil,
            ]
            for word in words {
                let intent = try await stage.createIntent(stage.insertOrder())
                try await self.handle(self.event("payment_intent.canceled", self.canceled(intent, because: word)), on: stage)
            }
            let reasons = try await stage.shop.pool.query(
                """
                select e -> 'payload' ->> 'reason' from inbox i, json_array_elements(i.emitted) e
                where i.consumer = 'payments' and e ->> 'type' = 'payment.canceled'
                """
            ).decode(String.self)
            #expect(reasons == words.map { _ in "stripe" })
        }
    }

    @Test func `an intent that expires at Stripe leaves the order waiting for another one`() async throws {
        try await withShop(["payments-worker", "orders-worker", "inventory-worker"]) { shop in
            let stage = Stage(shop: shop, interruption: .none)
            try await stage.setTheScene()
            let order = try await stage.place()
            let first = try await stage.createIntent(order)
            try await stage.stripe.control("payment_intents/\(first)/cancel", [("cancellation_reason", "expired")])
            try await stage.bringEvents()
            try await eventually("the event to be emitted") {
                try await !shop.pool.query("select from order_events where order_id = $1 and type = 'payment.canceled'", order).isEmpty
            }
            #expect(try await stage.outcome(of: order).order == "awaiting_payment/unpaid")
            let second = try await stage.createIntent(order)
            #expect(second != first)
            try await stage.stripe.pay(second)
            try await stage.bringEvents()
            try await eventually("the order to be paid") { try await stage.outcome(of: order).order == "paid/paid" }
        }
    }

    @Test func `an unknown status changes nothing, and the next known one counts`() async throws {
        try await withPayments { stage in
            let (order, intent) = try await stage.insertPaidOrder()
            let open = try await stage.insertOrder()
            let other = try await stage.createIntent(open)
            try await self.handle(
                self.event(
                    "payment_intent.processing", #"{"id":"\#(other)","status":"on_the_moon","amount":7,"currency":"usd"}"#,
                    created: Clock.milliseconds() / 1000 - 5), on: stage)
            #expect(try await stage.intents(of: open) == ["requires_payment_method"])
            try await self.handle(
                self.event("payment_intent.processing", #"{"id":"\#(other)","status":"processing","amount":2000,"currency":"usd"}"#), on: stage)
            #expect(try await stage.intents(of: open) == ["processing"])

            func refund(_ status: String) -> String {
                #"{"id":"re_1","object":"refund","amount":300,"currency":"usd","payment_intent":"\#(intent)","status":"\#(status)"}"#
            }
            try await self.handle(self.event("refund.updated", refund("on_the_moon")), on: stage)
            // Nor do values that only the shop uses.
            try await self.handle(self.event("refund.updated", refund("held")), on: stage)
            try await self.handle(self.event("refund.updated", refund("refused")), on: stage)
            #expect(try await stage.refunds(of: order) == [])
            try await self.handle(self.event("charge.refund.updated", refund("succeeded")), on: stage)
            try await self.handle(self.event("refund.updated", refund("on_the_moon")), on: stage)
            #expect(try await stage.refunds(of: order) == ["succeeded"])
            #expect(try await stage.emitted("payment.refund_failed") == 0)

            func dispute(_ status: String) -> String {
                #"{"id":"dp_1","object":"dispute","amount":2000,"currency":"usd","payment_intent":"\#(intent)","status":"\#(status)"}"#
            }
            try await self.handle(self.event("charge.dispute.created", dispute("on_the_moon")), on: stage)
            #expect(try await stage.emitted("payment.disputed") == 0)
            try await self.handle(self.event("charge.dispute.updated", dispute("needs_response")), on: stage)
            #expect(try await stage.emitted("payment.disputed") == 1)
        }
    }

    @Test func `events of older and newer API versions have the same effect`() async throws {
        try await withPayments { stage in
            // The intent in a refund, a charge and a dispute: an id, the whole object, or none.
            let (order, intent) = try await stage.insertPaidOrder()
            let whole = #"{"id":"\#(intent)","object":"payment_intent","status":"succeeded","amount":2000,"currency":"usd"}"#
            func refund(_ id: String, _ intent: String) -> String {
                #"{"id":"\#(id)","object":"refund","amount":100,"currency":"usd","payment_intent":\#(intent),"status":null,"metadata":null}"#
            }
            try await self.handle(self.event("refund.created", refund("re_1", "\"\(intent)\"")), on: stage)
            try await self.handle(self.event("refund.created", refund("re_2", whole)), on: stage)
            try await self.handle(self.event("refund.created", refund("re_3", "null")), on: stage)
            #expect(try await stage.refunds(of: order) == ["pending", "pending"])
            // A charge with its refunds, as before 2022-11-15, and without.
            let list = #"{"object":"list","data":[\#(refund("re_4", "\"\(intent)\""))]}"#
            for refunds in [#""refunds":\#(list),"#, #""refunds":null,"#, ""] {
                let charge = #"{"id":"ch_1","object":"charge",\#(refunds)"amount_refunded":300,"payment_intent":\#(whole)}"#
                try await self.handle(self.event("charge.refunded", charge), on: stage)
            }
            #expect(try await stage.refunds(of: order) == ["pending", "pending", "pending"])

            // The charge of an intent: an id, the whole object, or the first of a list.
            let charges = [
                (#""latest_charge":"ch_a""#, "ch_a"), (#""latest_charge":{"id":"ch_b","object":"charge"}"#, "ch_b"),
                (#""charges":{"object":"list","data":[{"id":"ch_c"},{"id":"ch_0"}],"has_more":false}"#, "ch_c"),
            ]
            for (field, id) in charges {
                let order = try await stage.insertOrder()
                let intent = try await stage.createIntent(order)
                let object = #"{"id":"\#(intent)","status":"succeeded","amount":2000,"currency":"usd",\#(field)}"#
                try await self.handle(self.event("payment_intent.succeeded", object), on: stage)
                let known = try await stage.shop.pool.query("select latest_charge_id, amount_received from payments where order_id = $1", order)
                #expect(try known.decode((String?, Int64).self).first.map { "\($0 ?? "") \($1)" } == "\(id) 2000")
            }
            // Before 2019-02-11.
            let old = try await stage.insertOrder()
            let object = #"{"id":"\#(try await stage.createIntent(old))","status":"requires_source_action","amount":2000,"currency":"usd"}"#
            try await self.handle(self.event("payment_intent.requires_action", object), on: stage)
            #expect(try await stage.intents(of: old) == ["requires_action"])
        }
    }

    @Test func `an event far in the future does not make later ones look old`() async throws {
        try await withPayments { stage in
            for created in [Int64.max, .max / 1000, 1_795_000_000_000, .min] {
                let order = try await stage.insertOrder()
                let intent = try await stage.createIntent(order)
                func object(_ status: String) -> String { #"{"id":"\#(intent)","status":"\#(status)","amount":2000,"currency":"usd"}"# }
                try await self.handle(self.event("payment_intent.processing", object("processing"), created: created), on: stage)
                try await self.handle(
                    self.event("payment_intent.requires_action", object("requires_action"), created: Clock.milliseconds() / 1000 + 2), on: stage)
                #expect(try await stage.intents(of: order) == ["requires_action"])
            }
        }
    }

    @Test func `a thin event of any type is stored without effect`() async throws {
        try await withPayments { stage in
            let intent = try await stage.createIntent(stage.insertOrder())
            for type in ["v1.payment_intent.succeeded", "payment_intent.succeeded", "v2.core.account.updated"] {
                let body = """
                    {"id":"evt_thin_\(type)","object":"v2.core.event","type":"\(type)","created":"2026-11-30T10:00:00.000Z","livemode":false,
                    "related_object":{"id":"\(intent)","type":"payment_intent","url":"/v1/payment_intents/\(intent)"},"data":{"object":7}}
                    """
                try await self.handle(StripeEvent(eventID: "evt_thin_\(type)", eventType: type, created: 1_795_000_000, body: body), on: stage)
                #expect(try await stage.events(type) == ["ignored"])
            }
            #expect(try await stage.emitted("payment.succeeded") == 0)
        }
    }
}
