import Conveyor
import Fixtures
import FoundationEssentials
import Postgres
import Shop
import Testing

/// Web push beside e-mail, to a browser that decrypts with an independent library.
@Suite struct PushDeliveryTests {
    private static let oldKey = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
    private static let newKey = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"

    private func publicKey(_ key: String) throws -> String { try #require(VAPIDKey(key)).publicKey }

    private func settings(keys: [String] = [PushDeliveryTests.newKey]) -> [String: String] {
        ["VAPID_PRIVATE_KEY": keys.joined(separator: ","), "VAPID_SUBJECT": "mailto:shop@example.com", "WEBHOOKS_ALLOW_PRIVATE": "on"]
    }

    private func withBrowsers(
        _ service: PushService, _ settings: [String: String], parts: [String] = ["email-worker", "accounts-worker"],
        isolation: isolated (any Actor)? = #isolation, _ body: (Stage) async throws -> Void
    ) async throws {
        try await withShop(parts, settings: settings) { shop in
            let stage = Stage(shop: shop, interruption: .none)
            try await stage.setTheScene()
            try await body(stage)
        }
    }

    private func subscribe(_ browser: PushService.Subscription, key: String, _ stage: Stage) async throws {
        try await stage.done(
            SubscribePush(
                userID: stage.user, endpoint: browser.endpoint, p256dh: browser.p256dh, auth: browser.auth, expiresAt: nil,
                publicKey: try self.publicKey(key)))
    }

    @Test func `a browser reads its order's status, signed with the key of its subscription`() async throws {
        let service = try await PushService()
        // Both keys are kept: the old one for the browser that subscribed with it.
        try await self.withBrowsers(service, self.settings(keys: [Self.newKey, Self.oldKey])) { stage in
            let browsers = [try await service.subscription(1), try await service.subscription(2)]
            try await self.subscribe(browsers[0], key: Self.oldKey, stage)
            // Repeated after the key was changed: it is still the same subscription.
            try await self.subscribe(browsers[0], key: Self.newKey, stage)
            try await self.subscribe(browsers[1], key: Self.newKey, stage)
            let order = try await stage.insertLetterOrder()
            let event = ID.new()
            for _ in 0..<2 { try await stage.shop.send(OrderShipped(orderID: order), id: event) }

            let requests = [try await service.request(1), try await service.request(2)]
            #expect(Set(requests.map(\.endpoint)) == Set(browsers.map(\.endpoint)))
            for request in requests {
                let number = try await stage.shop.pool.query("select number from orders where id = $1", order).decode(Int64.self).first ?? 0
                let note = try JSON.decode(JSONValue.self, from: Array(request.text.utf8))
                #expect(note["title"].string == "Order #\(number) is on its way" && note["body"].string == "It comes with DHL.")
                #expect(note["url"].string == "https://shop.example/orders/\(order)" && note["tag"].string == "order-\(order)")
                #expect(request.headers["content-encoding"] == "aes128gcm" && request.headers["ttl"] == "86400")
                #expect(request.headers["urgency"] == "normal" && request.headers["topic"] == Base64URL.encode(order.bytes))
                let claims = try #require(request.claims, "the signature is wrong")
                #expect(claims["aud"] == .string(service.url) && claims["sub"] == .string("mailto:shop@example.com"))
                guard case .int(let expiry) = claims["exp"] else { throw FixtureError("no exp") }
                #expect(expiry > Int(Clock.seconds()) && expiry <= Int(Clock.seconds()) + 12 * 3600)
                #expect(request.key == (try self.publicKey(request.endpoint == browsers[0].endpoint ? Self.oldKey : Self.newKey)))
            }
            try await eventually("both are in the trace") {
                try await stage.shop.pool.query("select name, outcome from calls where kind = 'push'").decode((String, String).self).map {
                    "\($0) \($1)"
                }
                    == ["order.shipped 201", "order.shipped 201"]
            }
            #expect(service.count == 2)
        }
    }

    @Test func `a failing push service delays neither e-mail nor other browsers: it is retried, its subscription ends, or a dead letter results`()
        async throws
    {
        let service = try await PushService(answers: ["503", "429/1", "201", "410", "413", "201"])
        try await self.withBrowsers(service, self.settings()) { stage in
            let browser = try await service.subscription(1)
            try await self.subscribe(browser, key: Self.newKey, stage)
            try await stage.done(OrderShipped(orderID: stage.insertLetterOrder()))
            #expect(try await stage.kinds() == ["order_shipped"])
            _ = try await service.request(3)
            #expect(try await stage.shop.pool.query("select from attempts where type = 'email.push' and next_at is not null").count == 2)

            // 410
            try await stage.done(OrderShipped(orderID: stage.insertLetterOrder()))
            try await eventually("the subscription is forgotten") { try await stage.shop.pool.query("select from push_subscriptions").isEmpty }
            // 413
            try await self.subscribe(browser, key: Self.newKey, stage)
            try await stage.done(OrderPaid(orderID: stage.insertLetterOrder()))
            try await eventually("it is given up") {
                try await stage.shop.pool.query("select from attempts where error_type = 'refused_by_push' and next_at is null").count == 1
            }
            // A forgotten key, and an expired subscription.
            try await stage.shop.pool.query("update push_subscriptions set public_key = 'none'")
            try await stage.done(OrderPaid(orderID: stage.insertLetterOrder()))
            try await eventually("the subscription is forgotten") { try await stage.shop.pool.query("select from push_subscriptions").isEmpty }
            #expect(service.count == 5)
        }
    }

    @Test func `a user without notifications gets only the required ones, and an erased account has no subscriptions`() async throws {
        let service = try await PushService()
        try await self.withBrowsers(service, self.settings()) { stage in
            let browser = try await service.subscription(1)
            try await self.subscribe(browser, key: Self.newKey, stage)
            let choices = NotificationChoices(push: false, sms: false, emailUpdates: false)
            try await stage.done(UpdateProfile(userID: stage.user, notifications: choices))
            try await stage.done(OrderShipped(orderID: stage.insertLetterOrder()))
            try await stage.done(OrderPaid(orderID: stage.insertLetterOrder()))
            #expect(try await stage.kinds() == ["order_confirmation"])
            #expect(try await stage.shop.pool.query("select from inbox where type = 'email.push'").isEmpty)
            try await stage.done(UpdateProfile(userID: stage.user, notifications: NotificationChoices(push: true)))
            try await stage.done(OrderPaid(orderID: stage.insertLetterOrder()))
            #expect(try await service.request(1).text.contains("is paid"))
            try await stage.done(EraseAccount(userID: stage.user))
            #expect(try await stage.shop.pool.query("select from push_subscriptions").isEmpty)
        }
    }

    @Test func `no notification is sent to a private address, whatever its name`() async throws {
        let service = try await PushService()
        let settings = self.settings().merging(["WEBHOOKS_ALLOW_PRIVATE": "off"]) { $1 }
        try await self.withBrowsers(service, settings) { stage in
            let browser = try await service.subscription(1)
            // An address, a name that says so only when it is resolved, and one that no name server can know.
            for endpoint in [browser.endpoint, browser.endpoint.replacing("127.0.0.1", with: "localhost"), "https://push..example/"] {
                try await stage.done(
                    SubscribePush(
                        userID: stage.user, endpoint: endpoint, p256dh: browser.p256dh, auth: browser.auth, expiresAt: nil,
                        publicKey: self.publicKey(Self.newKey)))
            }
            try await stage.done(OrderPaid(orderID: stage.insertLetterOrder()))
            // No later attempt could do better: all are given up at once.
            try await eventually("all are refused") {
                try await stage.shop.pool.query("select error from attempts where error_type = 'refused_by_push' and next_at is null")
                    .decode(String.self).map { $0.contains("not allowed") }.sorted { !$0 && $1 } == [false, true, true]
            }
            #expect(try await stage.shop.pool.query("select from attempts where next_at is not null").isEmpty)
            #expect(service.count == 0)
        }
    }
}
