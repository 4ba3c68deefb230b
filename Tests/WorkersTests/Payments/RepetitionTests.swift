import Conveyor
import Fixtures
import FoundationEssentials
import Postgres
import Shop
import Testing

/// An order that missed the event of its payment gets it again.
@Suite struct RepetitionTests {
    /// The ways to detect it.
    enum Way: String, CaseIterable { case reconciliation, confirmation, deadline, question }

    @Test(arguments: Way.allCases) func `an order that missed its payment becomes paid, once`(way: Way) async throws {
        try await withShop { shop in
            let stage = Stage(shop: shop, interruption: .none)
            try await stage.setTheScene()
            let order = try await stage.place()
            try await stage.pay(order)
            try await eventually("the e-mail") { try await stage.outcome(of: order).mails == ["order_confirmation"] }
            // As if the message had been lost.
            try await shop.pool.query("update orders set status = 'awaiting_payment', payment_status = 'unpaid' where id = $1", order)
            switch way {
            case .reconciliation:
                let asked = try await shop.send(ReconcilePayment(orderID: order))
                #expect(try await shop.ended(asked).result?["differences"].array.map { $0["field"].string } == ["order.payment_status"])
            case .confirmation: #expect(try await stage.confirm(order).result?["payment_status"].string == "paid")
            case .deadline: try await stage.expire(order)
            case .question:
                let asked = try await shop.send(CreateIntent(orderID: order), by: stage.actor)
                #expect(try await shop.ended(asked).code == "already_paid")
            }
            try await eventually("the order to be paid") { try await stage.outcome(of: order).order == "paid/paid" }
            // A repeated request finds nothing to repair.
            let again = try await shop.send(ReconcilePayment(orderID: order))
            #expect(try await shop.ended(again).result?["differences"].array.isEmpty == true)
            try await stage.expect(
                order, Outcome(order: "paid/paid", intents: ["succeeded"], work: ["payment_intents"], mails: ["order_confirmation"]))
        }
    }

    @Test func `an order that missed a refund and a dispute gets their events again`() async throws {
        try await withShop { shop in
            let stage = Stage(shop: shop, interruption: .none)
            try await stage.setTheScene()
            let order = try await stage.place()
            let intent = try await stage.pay(order)
            try await stage.stripe.control("refunds", [("payment_intent", intent), ("amount", "500")])
            try await stage.stripe.control("disputes", [("payment_intent", intent), ("amount", "1500")])
            try await stage.bringEvents()
            func hasBoth() async throws -> Bool {
                let (outcome, isDisputed) = (try await stage.outcome(of: order), try await stage.isDisputed(order))
                return outcome.refunded == 500 && outcome.order == "paid/partially_refunded" && isDisputed
            }
            try await eventually("both") { try await hasBoth() }
            try await shop.pool.query(
                "update orders set payment_status = 'paid', amount_refunded = 0, disputed = false where id = $1", order)
            let asked = try await shop.send(ReconcilePayment(orderID: order))
            let fields = try await shop.ended(asked).result?["differences"].array.compactMap { $0["field"].string }
            #expect(fields == ["order.amount_refunded", "order.disputed"])
            try await eventually("both again") { try await hasBoth() }
        }
    }

    @Test func `a payment with a wrong amount is reported once`() async throws {
        try await withPayments { stage in
            let (order, _) = try await stage.insertPaidOrder()
            try await stage.shop.pool.query("update orders set total_amount = 2500 where id = $1", order)
            #expect(try await stage.confirm(order).code == "payment_not_confirmed")
            _ = try await stage.shop.ended(stage.shop.send(ReconcilePayment(orderID: order)))
            _ = try await stage.shop.ended(stage.shop.send(CancelIntent(orderID: order, reason: .expired)))
            #expect(try await stage.emitted("payment.succeeded") == 1)
        }
    }
}
