import Conveyor
import Fixtures
import FoundationEssentials
import Postgres
import Shop
import Testing
import Transfer

/// Stripe slow, down, overloaded, or refusing.
@Suite struct StripeFaultTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        let kind: String
        let more: [(String, String)]
        var testDescription: String { self.kind + " " + self.more.map { "\($0)=\($1)" }.joined(separator: " ") }

        init(_ kind: String, _ more: (String, String)...) {
            self.kind = kind
            self.more = more
        }
    }

    static let faults = [
        Fault("status", ("status", "500"), ("count", "2")),
        // Longer than the quick retries: by the retry schedule.
        Fault("status", ("status", "503"), ("count", "4")),
        Fault("status", ("status", "429"), ("retry_after", "1"), ("count", "1")),
        Fault("status", ("status", "400"), ("should_retry", "true"), ("count", "1")),
        // Stripe stores an error under the key, so the call would never succeed with it. Therefore only a lost answer.
        Fault("answer_lost", ("count", "2")),
        Fault("connection_refused", ("count", "4")),
    ]

    @Test(arguments: faults) func `a failed call is repeated, and takes effect once`(fault: Fault) async throws {
        try await withPayments { stage in
            let order = try await stage.insertOrder()
            try await stage.stripe.fault(fault.kind, "POST", "/v1/payment_intents", fault.more)
            let intent = try await stage.createIntent(order)
            try await stage.stripe.pay(intent)
            try await stage.bringEvents()
            try await eventually("the money") { try await stage.intents(of: order) == ["succeeded"] }
            try await stage.stripe.fault(fault.kind, "POST", "/v1/refunds", fault.more)
            #expect(try await stage.refund(order, 800).result?["status"].string == "succeeded")
            #expect(try await stage.refunds(of: order) == ["succeeded"])
            let made = try await stage.stripe.call(.get, "/v1/refunds", [("payment_intent", intent)])
            #expect(made["data"].array.map { $0["amount"].integer } == [800])
            #expect(try await stage.stripe.call(.get, "/v1/payment_intents")["data"].array.count == 1)
        }
    }

    @Test func `an invalid key stops the worker, which reports it and continues after the repair`() async throws {
        let port = try Port.free()
        try await withPayments(["METRICS_PORT": "\(port)"]) { stage in
            let order = try await stage.insertOrder()
            #expect(try await stage.shop.readiness(port).isReady)
            try await stage.stripe.fault("status", "POST", "/v1/payment_intents", [("status", "401")])
            let asked = try await stage.shop.send(CreateIntent(orderID: order), by: stage.actor)
            try await eventually("the worker to go unready") {
                let readiness = try await stage.shop.readiness(port)
                return !readiness.isReady && readiness.text.contains("STRIPE_SECRET_KEY")
            }
            // Successful calls in parallel do not hide it.
            _ = try await stage.shop.ended(stage.shop.send(StripeEvent(eventID: "evt_x", eventType: "plan.created", created: 1, body: "{}")))
            #expect(try await !stage.shop.readiness(port).isReady)
            try await stage.stripe.call(.delete, "/_double/faults")
            #expect(try await stage.shop.ended(asked).outcome == "succeeded")
            try await eventually("the worker to be ready again") { try await stage.shop.readiness(port).isReady }
            // None of it counted as an attempt.
            #expect(try await stage.shop.pool.query("select from attempts").isEmpty)
        }
    }

    @Test func `a request that Stripe rejects becomes a dead letter, and delays no other message`() async throws {
        try await withPayments { stage in
            let order = try await stage.insertOrder()
            let next = try await stage.insertOrder()
            try await stage.stripe.fault("status", "POST", "/v1/payment_intents", [("status", "400"), ("count", "1")])
            let asked = try await stage.shop.send(CreateIntent(orderID: order), by: stage.actor)
            #expect(try await stage.deadLetter(asked) == "refused_by_stripe")
            #expect(try await !stage.createIntent(next).isEmpty)
            // An operator's replay after the repair: the same message again.
            try await stage.shop.send(CreateIntent(orderID: order), id: asked, by: stage.actor)
            #expect(try await stage.shop.ended(asked).outcome == "succeeded")
        }
    }
}
