import Fixtures
import FoundationEssentials
import Conveyor
import Postgres
import Shop
import Testing

/// Deliveries to partners by the real worker, to a server that verifies them with an independent library.
@Suite struct WebhookDeliveryTests {
    private static let secretKey = "a-secret-key-of-the-tests-of-64-bytes-that-nobody-else-ever-uses"

    private func withPartner(
        _ receiver: WebhookReceiver, _ settings: [String: String] = [:], beside parts: [String] = [], isolation: isolated (any Actor)? = #isolation,
        _ body: (Stage) async throws -> Void
    ) async throws {
        try await withShop(["webhooks-worker"] + parts, settings: ["WEBHOOKS_ALLOW_PRIVATE": "on"].merging(settings) { $1 }) { shop in
            let stage = Stage(shop: shop, interruption: .none)
            try await stage.setTheScene()
            try await body(stage)
        }
    }

    private func endpoint(_ url: String, _ secret: WebhookSecret, _ stage: Stage, events: [String] = ["order.*"]) async throws -> ID {
        let id = ID.new()
        let sealed = try SecretBox(secrets: [Self.secretKey]).seal(secret.text)
        try await stage.done(CreateWebhookEndpoint(url: url, events: events, isActive: nil, description: nil, sealedSecret: sealed), id: id)
        return id
    }

    private struct Delivery: Equatable {
        var type: String
        var status: String
        var attempts: Int32
        var answer: Int32?
    }

    private func deliveries(_ endpoint: ID, _ stage: Stage) async throws -> [Delivery] {
        try await stage.shop.pool.query(
            "select type, status, attempts, answer_status from webhook_deliveries where endpoint_id = $1 order by created_at, id", endpoint
        ).decode((String, String, Int32, Int32?).self).map { Delivery(type: $0, status: $1, attempts: $2, answer: $3) }
    }

    @Test func `a partner gets the order once per event, signed with the secret, and for a day with the old one too`() async throws {
        let (old, new) = (WebhookSecret(), WebhookSecret())
        let receiver = try await WebhookReceiver(secrets: [old.text, new.text])
        try await self.withPartner(receiver) { stage in
            let endpoint = try await self.endpoint(receiver.url + "/ok", old, stage)
            let order = try await stage.insertLetterOrder()
            let event = ID.new()
            for _ in 0..<2 { try await stage.shop.send(OrderPaid(orderID: order), id: event) }
            let request = try await receiver.request(1)
            #expect(request.id == event.description && request.secrets == [old.text] && request.signatures == 1)
            let body = try JSON.decode(JSONValue.self, from: Array(request.body.utf8))
            #expect(
                body["id"].string == event.description && body["type"].string == "order.paid" && body["created_at"].string?.hasSuffix("Z") == true)
            #expect(body["data"]["id"].string == order.description && body["data"]["total_amount"].integer == 4000)
            #expect(body["data"]["updated_at"].string != nil && body["data"]["items"].array.first?["sku"].string == "TEA-1")

            try await stage.done(RotateWebhookSecret(endpointID: endpoint, sealedSecret: SecretBox(secrets: [Self.secretKey]).seal(new.text)))
            try await stage.done(PingWebhookEndpoint(endpointID: endpoint))
            let ping = try await receiver.request(2)
            #expect(Set(ping.secrets) == [old.text, new.text] && ping.signatures == 2 && ping.body.contains("webhook.ping"))
            try await stage.shop.pool.query("update webhook_endpoints set previous_until = now()")
            // No partner wants this event.
            try await stage.shop.send(PaymentFailed(orderID: order, paymentIntentID: "pi_1", failureCode: nil, attempt: "1"))
            try await stage.shop.send(OrderShipped(orderID: order))
            #expect(try await receiver.request(3).secrets == [new.text])
            try await eventually("all is written down") {
                try await self.deliveries(endpoint, stage)
                    == ["order.paid", "webhook.ping", "order.shipped"].map { Delivery(type: $0, status: "delivered", attempts: 1, answer: 200) }
            }
            #expect(try await stage.shop.pool.query("select from calls where kind = 'webhook' and outcome = '200'").count == 3)
            #expect(receiver.count == 3)
            for output in [stage.shop.output(of: "webhooks-worker")] { #expect(!output.contains(old.text) && !output.contains(new.text)) }
            #expect(try await stage.shop.pool.query("select from webhook_endpoints e where e::text like '%whsec_%'").isEmpty)
            #expect(try await stage.shop.pool.query("select from inbox i where i::text like '%whsec_%'").isEmpty)
        }
    }

    /// Waits for the e-mail about an endpoint that was switched off.
    private func warning(_ endpoint: ID, _ stage: Stage) async throws -> StoredMail {
        try await eventualValue("an e-mail about \(endpoint)", within: .seconds(60)) {
            try await stage.shop.mail.mails().first {
                $0["Subject"] == "A webhook endpoint was switched off" && $0.text?.contains(endpoint.description) == true
            }
        }
    }

    @Test func `any answer but 2xx is retried by the schedule, and 410 switches the endpoint off with an e-mail to the staff`() async throws {
        let secret = WebhookSecret()
        let receiver = try await WebhookReceiver(secrets: [secret.text])
        try await self.withPartner(receiver, beside: ["email-worker"]) { stage in
            let flaky = try await self.endpoint(receiver.url + "/flaky/1", secret, stage)
            let redirecting = try await self.endpoint(receiver.url + "/redirect", secret, stage)
            let gone = try await self.endpoint(receiver.url + "/status/410", secret, stage)
            let big = try await self.endpoint(receiver.url + "/big", secret, stage)
            try await stage.shop.send(OrderPaid(orderID: stage.insertLetterOrder()))
            try await eventually("the second attempt succeeds") {
                try await self.deliveries(flaky, stage) == [Delivery(type: "order.paid", status: "delivered", attempts: 2, answer: 200)]
            }
            try await eventually("the endpoint is off") {
                try await stage.shop.pool.query("select from webhook_endpoints where id = $1 and not is_active and off_reason = 'gone'", gone).count
                    == 1
            }
            try await eventually("its delivery has failed for good") {
                try await self.deliveries(gone, stage) == [Delivery(type: "order.paid", status: "failed", attempts: 1, answer: 410)]
            }
            let mail = try await self.warning(gone, stage)
            #expect(mail.recipients == ["admin@example.com"] && mail.text?.contains("gone (410)") == true)
            try await eventually("a redirect is not followed") {
                let first = try await self.deliveries(redirecting, stage).first
                return first?.status == "pending" && first?.answer == 302
            }
            try await eventually("a gigabyte is not read") {
                try await stage.shop.pool.query(
                    "select length(answer_body) from webhook_deliveries where endpoint_id = $1 and status = 'delivered'", big
                )
                .decode(Int32.self) == [65_536]
            }
            // A repetition has the same id.
            let id = try await stage.shop.pool.query("select id from webhook_deliveries where endpoint_id = $1", flaky).decode(ID.self)[0]
            try await stage.done(RedeliverWebhook(endpointID: flaky, deliveryID: id))
            try await eventually("it is delivered once more") { try await self.deliveries(flaky, stage).first?.attempts == 3 }
            #expect(try Set(receiver.requests(to: "/flaky/1").map(\.id)).count == 1)

            // A switched-off endpoint gets only deliveries that a person has requested.
            try await stage.shop.send(OrderPaid(orderID: stage.insertLetterOrder()))
            try await eventually("the others have theirs") { try await self.deliveries(flaky, stage).count == 2 }
            try await stage.done(PingWebhookEndpoint(endpointID: gone))
            try await stage.done(
                RedeliverWebhook(
                    endpointID: gone,
                    deliveryID: stage.shop.pool.query("select id from webhook_deliveries where endpoint_id = $1 and type = 'order.paid'", gone)
                        .decode(
                            ID.self)[0]))
            try await eventually("both were sent") {
                try await self.deliveries(gone, stage) == [
                    Delivery(type: "order.paid", status: "failed", attempts: 2, answer: 410),
                    Delivery(type: "webhook.ping", status: "failed", attempts: 1, answer: 410),
                ]
            }
            // Switching it on resets its failures.
            try await stage.done(UpdateWebhookEndpoint(endpointID: gone, url: receiver.url + "/ok/again", isActive: true))
            try await stage.shop.send(OrderShipped(orderID: stage.insertLetterOrder()))
            try await eventually("it receives later events") {
                try await self.deliveries(gone, stage).last == Delivery(type: "order.shipped", status: "delivered", attempts: 1, answer: 200)
            }
        }
    }

    @Test func `the last delay repeats until the delivery's time is over, and Retry-After makes it longer`()
        async throws
    {
        let secret = WebhookSecret()
        let receiver = try await WebhookReceiver(secrets: [secret.text])
        // Seven seconds.
        try await self.withPartner(receiver, ["RETRY_DELAYS": "1", "WEBHOOKS_RETRY_HOURS": "0.00195"]) { stage in
            let failing = try await self.endpoint(receiver.url + "/status/500", secret, stage)
            let later = try await self.endpoint(receiver.url + "/later/3", secret, stage)
            let tooLate = try await self.endpoint(receiver.url + "/later/3600", secret, stage)
            try await stage.shop.send(OrderPaid(orderID: stage.insertLetterOrder()))
            try await eventually("the delivery has failed") { try await self.deliveries(failing, stage).map(\.status) == ["failed"] }
            let times = try receiver.requests(to: "/status/500").map(\.at)
            let gaps = zip(times, times.dropFirst()).map { $1 - $0 }
            #expect(4...8 ~= times.count && gaps.allSatisfy { $0 > 0.9 }, "\(gaps)")
            #expect(times.last.map { $0 - times[0] < 7.5 } == true)
            let asked = try receiver.requests(to: "/later/3")
            #expect(asked.count == 2 && asked[1].at - asked[0].at >= 2.9 && asked[0].id == asked[1].id)
            #expect(try await self.deliveries(later, stage) == [Delivery(type: "order.paid", status: "delivered", attempts: 2, answer: 200)])
            #expect(try await self.deliveries(tooLate, stage) == [Delivery(type: "order.paid", status: "failed", attempts: 1, answer: 503)])
            #expect(try await stage.shop.pool.query("select from attempts").isEmpty, "that is an answer, and no dead letter")
        }
    }

    @Test func `a certificate with another name or from an unknown authority gets no delivery`() async throws {
        let secret = WebhookSecret()
        let (known, unknown) = (try await CertificateAuthority(), try await CertificateAuthority())
        let right = try await WebhookReceiver(secrets: [secret.text], certificate: known.issue(for: "IP:127.0.0.1"))
        let wrongName = try await WebhookReceiver(secrets: [secret.text], certificate: known.issue(for: "DNS:other.example", "IP:127.0.0.2"))
        let stranger = try await WebhookReceiver(secrets: [secret.text], certificate: unknown.issue(for: "IP:127.0.0.1"))
        try await self.withPartner(right, ["TLS_CA_FILE": known.file]) { stage in
            let good = try await self.endpoint(right.url + "/ok", secret, stage)
            let bad = [
                try await self.endpoint(wrongName.url + "/ok", secret, stage), try await self.endpoint(stranger.url + "/ok", secret, stage),
            ]
            try await stage.shop.send(OrderPaid(orderID: stage.insertLetterOrder()))
            #expect(try await right.request(1).secrets == [secret.text])
            try await eventually("it is delivered") { try await self.deliveries(good, stage).map(\.status) == ["delivered"] }
            for endpoint in bad {
                try await eventually("the certificate is refused") {
                    try await stage.shop.pool.query(
                        "select error from webhook_deliveries where endpoint_id = $1 and status = 'pending' and attempts > 0", endpoint
                    ).decode(String?.self).first??.contains("certificate") == true
                }
            }
            #expect(wrongName.count == 0 && stranger.count == 0)
        }
    }

    @Test func `partners are notified of an erased account, and their answers about it are deleted`() async throws {
        let secret = WebhookSecret()
        let receiver = try await WebhookReceiver(secrets: [secret.text])
        try await self.withPartner(receiver, beside: ["accounts-worker"]) { stage in
            let endpoint = try await self.endpoint(receiver.url + "/ok", secret, stage, events: ["account.*", "order.paid"])
            try await stage.shop.send(OrderPaid(orderID: stage.insertLetterOrder()))
            try await eventually("the order is delivered") { try await self.deliveries(endpoint, stage).map(\.status) == ["delivered"] }
            #expect(try await stage.shop.pool.query("select from webhook_deliveries where answer_body = 'ok'").count == 1)
            try await stage.done(EraseAccount(userID: stage.user))
            // In any order.
            let bodies = [try await receiver.request(2).body, try await receiver.request(3).body]
            for type in ["account.erased", "account.updated"] { #expect(bodies.contains { $0.contains(type) }) }
            for person in ["ada@example.com", "Ada Lovelace"] { #expect(!bodies.contains { $0.contains(person) }) }
            try await eventually("the answer is forgotten") {
                try await stage.shop.pool.query("select from webhook_deliveries where type = 'order.paid' and answer_body is not null").isEmpty
            }
        }
    }

    @Test func `an endpoint that only fails is switched off, and one that sometimes succeeds is not`() async throws {
        let secret = WebhookSecret()
        let receiver = try await WebhookReceiver(secrets: [secret.text])
        // Nearly nine seconds.
        try await self.withPartner(receiver, ["RETRY_DELAYS": "1", "WEBHOOKS_OFF_AFTER_DAYS": "0.0001"], beside: ["email-worker"]) { stage in
            let failing = try await self.endpoint(receiver.url + "/status/500", secret, stage)
            let flaky = try await self.endpoint(receiver.url + "/flaky/3", secret, stage)
            try await stage.shop.send(OrderPaid(orderID: stage.insertLetterOrder()))
            try await eventually("the endpoint is off", within: .seconds(60)) {
                try await stage.shop.pool.query("select id from webhook_endpoints where not is_active and off_reason = 'failing'").decode(ID.self)
                    == [failing]
            }
            let mail = try await self.warning(failing, stage)
            #expect(mail.recipients == ["admin@example.com"] && mail.text?.contains("have failed for days") == true)
            #expect(try await self.deliveries(flaky, stage) == [Delivery(type: "order.paid", status: "delivered", attempts: 4, answer: 200)])
            #expect(try await stage.shop.pool.query("select from webhook_endpoints where id = $1 and failing_since is null", flaky).count == 1)
            #expect(try await stage.shop.pool.query("select from emails where kind = 'webhook_off'").count == 1)
        }
    }

    @Test func `no delivery is sent to a private address, whatever its name`() async throws {
        let secret = WebhookSecret()
        let receiver = try await WebhookReceiver(secrets: [secret.text])
        try await self.withPartner(receiver, ["WEBHOOKS_ALLOW_PRIVATE": "off"]) { stage in
            let sealed = try SecretBox(secrets: [Self.secretKey]).seal(secret.text)
            let command = CreateWebhookEndpoint(url: receiver.url, events: ["*"], isActive: true, description: nil, sealedSecret: sealed)
            #expect(try await stage.shop.ended(stage.shop.send(command)).code == "invalid")
            // A name that resolves to a private address, in an existing row.
            let id = ID.new()
            try await stage.shop.pool.query(
                "insert into webhook_endpoints (id, url, events, secret) values ($1, $2, '{order.paid}', $3)", id,
                receiver.url.replacing("127.0.0.1", with: "localhost") + "/ok", sealed)
            try await stage.done(PingWebhookEndpoint(endpointID: id))
            try await eventually("it is refused") {
                try await stage.shop.pool.query("select error from webhook_deliveries").decode(String?.self).contains {
                    $0?.contains("not allowed") == true
                }
            }
            #expect(receiver.count == 0)
        }
    }

    @Test func `a worker that is killed between the answer and the commit sends the delivery again under the same id`() async throws {
        let secret = WebhookSecret()
        let receiver = try await WebhookReceiver(secrets: [secret.text])
        try await self.withPartner(receiver) { stage in
            let endpoint = try await self.endpoint(receiver.url + "/ok", secret, stage)
            try await stage.shop.pool.transaction { transaction in
                // The trace's rows are written with a delivery's result: while their table is locked, the worker stops just before it.
                try await transaction.query("lock table calls in share mode")
                try await stage.shop.send(OrderPaid(orderID: stage.insertLetterOrder()))
                _ = try await receiver.request(1)
                try await stage.shop.kill("webhooks-worker")
                try await transaction.query(
                    "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name like 'webhooks-worker%' and datname = current_database()"
                )
            }
            #expect(try await self.deliveries(endpoint, stage).map(\.status) == ["pending"])
            // The test shortens its lease.
            try await stage.shop.pool.query("update webhook_deliveries set lease_until = now()")
            try await stage.shop.start("webhooks-worker")
            let (first, second) = (try await receiver.request(1), try await receiver.request(2))
            #expect(first.id == second.id && second.secrets == [secret.text])
            try await eventually("it is written down") {
                try await self.deliveries(endpoint, stage) == [Delivery(type: "order.paid", status: "delivered", attempts: 1, answer: 200)]
            }
            #expect(try await stage.shop.pool.query("select from calls where kind = 'webhook'").count == 1)
        }
    }

    @Test func `of 1,000 deliveries to ten endpoints of which three hang, those to the other seven wait for none of them`() async throws {
        let secret = WebhookSecret()
        let receiver = try await WebhookReceiver(secrets: [])
        try await self.withPartner(receiver) { stage in
            var hanging: [ID] = []
            var working: [ID] = []
            for number in 0..<10 {
                if number < 3 {
                    hanging.append(try await self.endpoint(receiver.url + "/hang/\(number)", secret, stage))
                } else {
                    working.append(try await self.endpoint(receiver.url + "/ok/\(number)", secret, stage))
                }
            }
            let order = try await stage.insertLetterOrder()
            for _ in 0..<100 { try await stage.shop.send(OrderPaid(orderID: order)) }
            try await eventually("all of the seven have theirs", within: .seconds(120)) {
                try await stage.shop.pool.query("select from webhook_deliveries where status = 'delivered' and endpoint_id = any($1)", working).count
                    == 700
            }
            let (seconds, slowest) = try await stage.shop.pool.query(
                """
                select extract(epoch from max(updated_at) - min(created_at))::float8, max(extract(epoch from updated_at - created_at))::float8
                from webhook_deliveries where status = 'delivered'
                """
            ).decode((Double, Double).self)[0]
            print("700 deliveries beside 300 that hang: \(seconds) s, the slowest \(slowest) s")
            // If the others waited for the hanging ones, 300 of these at 10 s each would take minutes.
            #expect(slowest < 30)
            #expect(
                try await stage.shop.pool.query("select from webhook_deliveries where status = 'pending' and endpoint_id = any($1)", hanging).count
                    == 300)
            // A hanging delivery fails after ten seconds.
            try await eventually("one that hangs has ended", within: .seconds(30)) {
                try await stage.shop.pool.query(
                    "select answer_ms from webhook_deliveries where endpoint_id = any($1) and attempts = 1 and answer_status is null and error <> ''",
                    hanging
                ).decode(Int32.self).contains { 9_900...13_000 ~= $0 }
            }
        }
    }
}
