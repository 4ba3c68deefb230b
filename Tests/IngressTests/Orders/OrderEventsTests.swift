import Conveyor
import Fixtures
import Testing

@Suite struct OrderEventsTests {
    private func stream(_ order: String, by token: String, at port: Int, headers: String = "", query: String = "") -> RawClient {
        let client = RawClient(port: port)
        client.write(
            "GET /api/v1/orders/\(order)/events\(query) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n\(headers)\r\n")
        return client
    }

    private func events(_ text: String) -> [(id: String, type: String, data: JSON)] {
        text.matches(of: #/id: (\d+)\nevent: ([a-z._]+)\ndata: (\{.*\})\n\n/#).map {
            (String($0.1), String($0.2), JSON(Array($0.3.utf8)) ?? .null)
        }
    }

    @Test func `an order's events are sent from the beginning, then live`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product) = (try await shop.customer(), try await shop.product())
        let order = try await shop.order(of: product, by: customer)
        let stream = self.stream(order, by: customer.token, at: shop.other.port)
        try await eventually("what was before") { self.events(stream.received).count == 2 }
        #expect(stream.received.contains("Content-Type: text/event-stream"))
        #expect(stream.received.contains("X-Accel-Buffering: no"))
        _ = try await shop.api.send("POST", "/orders/\(order)/cancel", by: customer.token, waiting: true)
        try await eventually("the news") { self.events(stream.received).contains { $0.type == "order.cancelled" } }
        let events = self.events(stream.received)
        #expect(events.prefix(3).map(\.type) == ["order.placed", "order.awaiting_payment", "order.cancelled"])
        #expect(events.allSatisfy { $0.data["type"] == .string($0.type) && $0.data["id"].int.map(String.init) == $0.id })
        #expect(!stream.isClosed)
    }

    @Test func `a stream resumes after the last received event`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product) = (try await shop.customer(), try await shop.product())
        let order = try await shop.order(of: product, by: customer)
        let first = try #require(try await shop.api.get("/orders/\(order)/timeline", by: customer.token)["items"].list.first?["id"].int)
        for stream in [
            self.stream(order, by: customer.token, at: shop.api.port, headers: "Last-Event-ID: \(first)\r\n"),
            self.stream(order, by: customer.token, at: shop.api.port, query: "?last_event_id=\(first)"),
        ] {
            try await eventually("the second event") { self.events(stream.received).map(\.type) == ["order.awaiting_payment"] }
        }
    }

    @Test func `a stream ends with its token, its account and the process`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product) = (try await shop.customer(), try await shop.product())
        let order = try await shop.order(of: product, by: customer)
        let (_, ended) = try await shop.withIngress { api, _ in
            let ofAccount = self.stream(order, by: customer.token, at: api.port)
            try await eventually("the stream") { self.events(ofAccount.received).count == 2 }
            _ = try await shop.api.send("POST", "/auth/logout-all", by: customer.token, waiting: true)
            // Later events of the order are not sent any more.
            let staff = try await shop.staff()
            _ = try await shop.api.send("POST", "/orders/\(order)/cancel", by: staff, waiting: true)
            try await eventually("the end") { ofAccount.received.hasSuffix("0\r\n\r\n") }
            #expect(self.events(ofAccount.received).count == 2)

            let ofStaff = self.stream(order, by: staff, at: api.port)
            try await eventually("the stream") { self.events(ofStaff.received).count >= 3 }
            return (ofAccount, ofStaff)
        }
        try await eventually("the process's end") { ended.isClosed }
        #expect(ended.received.hasSuffix("0\r\n\r\n"), "it ended in good order")
    }

    @Test func `hundreds of streams are woken at once`() async throws {
        let shop = try await TestShop.shared()
        let product = try await shop.product()
        var streams: [RawClient] = []
        var orders: [(order: String, customer: TestShop.Customer)] = []
        for _ in 0..<3 {
            let customer = try await shop.customer()
            let order = try await shop.order(of: product, by: customer)
            orders.append((order, customer))
            for _ in 0..<100 { streams.append(self.stream(order, by: customer.token, at: shop.api.port)) }
        }
        try await eventually("the streams") { streams.allSatisfy { self.events($0.received).count == 2 } }
        for (order, customer) in orders { _ = try await shop.api.send("POST", "/orders/\(order)/cancel", by: customer.token, waiting: true) }
        try await eventually("the news") { streams.allSatisfy { $0.received.contains("event: order.cancelled") } }
    }

    @Test func `an account may have ten streams, and another one when one of them ends`() async throws {
        let shop = try await TestShop.shared()
        let (customer, other, product) = (try await shop.customer(), try await shop.customer(), try await shop.product())
        let order = try await shop.order(of: product, by: customer)
        let others = try await shop.order(of: product, by: other)
        try await shop.withIngress(["RATE_LIMIT": "on"]) { api, _ in
            var streams = (0..<10).map { _ in self.stream(order, by: customer.token, at: api.port) }
            try await eventually("ten streams") { streams.allSatisfy { $0.statuses == [200] } }
            let refused = self.stream(order, by: customer.token, at: api.port)
            try await eventually("a refusal") { refused.statuses == [429] }
            #expect(refused.received.contains(#/(?i)\r\nretry-after: \d+\r\n/#))
            let ofOther = self.stream(others, by: other.token, at: api.port)
            try await eventually("another account's stream") { ofOther.statuses == [200] }
            streams.removeLast().finish()
            // Long before the next keep-alive.
            try await eventually("a place", within: .seconds(10), every: .milliseconds(100)) {
                let next = self.stream(order, by: customer.token, at: api.port)
                try await eventually("an answer") { !next.statuses.isEmpty }
                return next.statuses == [200]
            }
        }
    }
}
