import Conveyor
import Fixtures
import FoundationEssentials
import Postgres
import Shop
import Testing

/// Text messages beside the e-mail, through a gateway with Twilio's API.
@Suite struct TextMessageTests {
    private func settings(_ gateway: TextMessageGateway) -> [String: String] {
        ["SMS_ACCOUNT_SID": "AC0123456789", "SMS_AUTH_TOKEN": "t0ken", "SMS_FROM": "+15550006789", "SMS_API_BASE": gateway.url + "/"]
    }

    @Test func `a customer with a number gets one text message too`() async throws {
        let gateway = try await TextMessageGateway()
        try await withPost(self.settings(gateway)) { stage in
            let order = try await stage.insertLetterOrder(phone: "+44 (20) 7946-0000")
            for _ in 0..<2 { try await stage.done(OrderShipped(orderID: order)) }
            // No number, or one that is not in E.164 form.
            try await stage.done(OrderShipped(orderID: stage.insertLetterOrder()))
            try await stage.done(OrderShipped(orderID: stage.insertLetterOrder(phone: "7946 0000")))

            let request = try await gateway.request(1)
            #expect(request.path == "/2010-04-01/Accounts/AC0123456789/Messages.json")
            #expect(request.authorization == "Basic " + Data("AC0123456789:t0ken".utf8).base64EncodedString())
            #expect(request.form["To"] == "+442079460000" && request.form["From"] == "+15550006789")
            let number = try await stage.shop.pool.query("select number from orders where id = $1", order).decode(Int64.self).first ?? 0
            #expect(
                request.form["Body"]
                    == "The Shop: your order #\(number) is on its way with DHL, tracking number 00340434161094042557. https://shop.example/orders/\(order)"
            )
            #expect(try await stage.texts() == ["order_shipped"])
            #expect(try await stage.shop.pool.query("select from calls where kind = 'sms'").count == 1)
            #expect(try await stage.kinds().count == 3)
        }
    }

    @Test func `text messages are off unless they are configured`() async throws {
        try await withPost { stage in
            try await stage.done(OrderShipped(orderID: stage.insertLetterOrder(phone: "+442079460000")))
            #expect(try await stage.kinds() == ["order_shipped"])
            #expect(try await stage.texts().isEmpty)
        }
    }

    @Test func `a refused number delays nothing, and the e-mail is sent`() async throws {
        let gateway = try await TextMessageGateway(answers: 400)
        try await withPost(self.settings(gateway)) { stage in
            try await stage.done(OrderShipped(orderID: stage.insertLetterOrder(phone: "+442079460000")))
            #expect(try await stage.kinds() == ["order_shipped"])
            #expect(try await stage.texts().isEmpty)
            #expect(try await stage.retries() == 0)
            #expect(try await stage.shop.pool.query("select outcome from calls where kind = 'sms'").decode(String.self) == ["400 21211"])
        }
    }

    @Test func `a failing gateway is retried, without sending the e-mail again`() async throws {
        let gateway = try await TextMessageGateway(answers: 503, 429)
        try await withPost(self.settings(gateway)) { stage in
            try await stage.done(OrderShipped(orderID: stage.insertLetterOrder(phone: "+442079460000")))
            _ = try await gateway.request(3)
            #expect(try await stage.texts() == ["order_shipped"])
            #expect(try await stage.retries() == 2)
            #expect(try await stage.shop.mail.mails(1).count == 1)
        }
    }

    @Test func `a wrong token stops the worker, which reports it and continues after the repair`() async throws {
        let gateway = try await TextMessageGateway(answers: 401, 401, 401, 401, 401)
        let port = try Port.free()
        try await withPost(self.settings(gateway).merging(["METRICS_PORT": "\(port)"]) { $1 }) { stage in
            let asked = try await stage.shop.send(OrderShipped(orderID: stage.insertLetterOrder(phone: "+442079460000")))
            try await eventually("the worker to go unready") {
                let readiness = try await stage.shop.readiness(port)
                return !readiness.isReady && readiness.text.contains("SMS_AUTH_TOKEN")
            }
            #expect(try await stage.shop.ended(asked).outcome == "succeeded")
            try await eventually("the worker to be ready again") { try await stage.shop.readiness(port).isReady }
            #expect(try await stage.retries() == 0)
            #expect(!stage.shop.output(of: "email-worker").contains("t0ken"))
        }
    }
}

extension Stage {
    /// The kinds of the sent text messages.
    func texts() async throws -> [String] { try await self.shop.pool.query("select kind from text_messages order by kind").decode(String.self) }
}
