import Conveyor
import Fixtures
import RabbitMQ
import Shop
import Testing

@testable import ConveyorOperator
@testable import Operator

/// `conveyor webhooks …`, and `/webhooks` in the console
@Suite struct WebhookCommandTests {
    /// Registers an endpoint, as the ingress does.
    /// - Returns: its id, once the worker has made it.
    private func addEndpoint(_ url: String, _ secret: WebhookSecret, _ site: CommandLineSite) async throws -> ID {
        let id = ID.v7(milliseconds: UInt64(Clock.milliseconds()))
        let sealed = try SecretBox(secrets: [CommandLineSite.secretKey]).seal(secret.text)
        let command = CreateWebhookEndpoint(url: url, events: ["order.*"], isActive: nil, description: nil, sealedSecret: sealed)
        try await withPublisher(site.host.amqpURL) { publisher in
            try await publisher.publish(
                Outgoing(
                    command, envelope: Envelope(messageID: id, type: CreateWebhookEndpoint.type, actor: "system", sentAt: Clock.milliseconds()),
                    appID: "tests"))
        }
        try await eventually("the endpoint") { try await site.database.value("select count(*) from webhook_endpoints where id = '\(id)'") == "1" }
        return id
    }

    @Test func `an operator pings an endpoint, sends a delivery again, and gives the endpoint a new secret`() async throws {
        try await withCommandLine { site in
            #expect(try await site.conveyor("webhooks").status == 1)
            let secret = WebhookSecret()
            let receiver = try await WebhookReceiver(secrets: [secret.text])
            let settings = site.settings(of: "webhooks").merging(["WEBHOOKS_ALLOW_PRIVATE": "on"]) { $1 }
            try await withPart("webhooks-worker", settings) { _ in
                let endpoint = try await self.addEndpoint(receiver.url + "/ok", secret, site)
                let ping = try await site.conveyor("webhooks", "ping", "\(endpoint)")
                #expect(ping.status == 0 && ID(String(ping.output.dropLast())) != nil, "\(ping.error)")
                #expect(try await receiver.request(1).secrets == [secret.text])
                let delivery = try await eventualValue("the delivery to be listed", every: .milliseconds(200)) {
                    let call = try await site.conveyor("webhooks", "deliveries", "--endpoint", "\(endpoint)", "--status", "delivered", "--json")
                    return call.status == 0 ? try call.rows.first : nil
                }
                #expect(delivery.lacks("id, endpoint_id, event_id, error, next_attempt_at, created_at").isEmpty)
                #expect(delivery["type"].string == "webhook.ping" && delivery["answer_status"] == .int(200) && delivery["attempts"] == .int(1))

                let id = try #require(delivery["id"].string)
                #expect(try await site.conveyor("webhooks", "redeliver", id).status == 0)
                let (first, second) = try await (receiver.request(1), receiver.request(2))
                #expect(first.id == second.id)

                let rotated = try await site.conveyor("webhooks", "rotate", "\(endpoint)")
                #expect(rotated.status == 0, "\(rotated.error)")
                let new = try #require(WebhookSecret(String(rotated.output.dropLast())))
                let later = try await WebhookReceiver(secrets: [secret.text, new.text])
                let other = try await self.addEndpoint(later.url + "/ok", secret, site)
                try await eventually("the new secret is in force") {
                    try await site.database.value("select count(*) from webhook_endpoints where previous_until > now()") == "1"
                }
                // The rotated endpoint's server moves to one that knows both secrets.
                try await site.database.psql("update webhook_endpoints set url = '\(later.url)/rotated' where id = '\(endpoint)'")
                #expect(try await site.conveyor("webhooks", "ping", "\(endpoint)").status == 0)
                #expect(try await Set(later.request(1).secrets) == [secret.text, new.text])
                #expect(try await site.conveyor("webhooks", "ping", "\(other)").status == 0)
                #expect(try await later.request(2).secrets == [secret.text])

                let listed = try await site.conveyor("webhooks", "--json").rows
                #expect(listed.map { $0["id"].string } == ["\(endpoint)", "\(other)"])
                #expect(listed.allSatisfy { $0.lacks("url, events, is_active, delivered, failed, pending, failing_since, off_reason").isEmpty })
                for text in [secret.text, new.text] { #expect(try await !site.conveyor("webhooks", "--json").output.contains(text)) }
                #expect(
                    try await site.database.psql("select actor, act, reason from audit_log where actor like 'operator:%' order by id").map { $0[2] }
                        == ["webhooks.ping", "webhooks.redeliver", "webhooks.rotate_secret", "webhooks.ping", "webhooks.ping"])
            }
        }
    }

    @Test(arguments: ["ping", "redeliver", "rotate"]) func `an id that nothing has is not found`(act: String) async throws {
        try await withCommandLine { site in
            for id in ["\(ID.v7(milliseconds: UInt64(Clock.milliseconds())))", "nosuch", "\u{202e}", "'; drop table inbox; --"] {
                let call = try await site.conveyor("webhooks", act, id)
                #expect(call.status == 1 && call.complaint?.hasPrefix("no ") == true, "\(call.error)")
                #expect(call.output.isEmpty)
            }
            #expect(try await site.conveyor("webhooks", "deliveries", "--status", "lost").status == 64)
            #expect(try await site.conveyor("webhooks", "deliveries", "--endpoint", "nosuch").status == 1)
        }
    }

    @Test func `the console's page lists endpoints and deliveries, and a viewer has no button`() async throws {
        try await withConsole { console in
            let client = try await console.signedIn()
            try await console.addPerson("eve", role: .viewer)
            let viewer = try await console.signedIn(as: "eve", password: RolesTests.password)
            #expect(try await client.get("/webhooks").text.contains("No partner has an endpoint"))
            let endpoint = try #require(
                try await console.database.value(
                    """
                    insert into webhook_endpoints (id, url, events, description, secret)
                    values (gen_random_uuid(), 'https://partner.example/<hook>', '{order.*}', 'the "partner"', 'x') returning id
                    """))
            let delivery = try #require(
                try await console.database.value(
                    """
                    insert into webhook_deliveries
                        (id, endpoint_id, event_id, correlation_id, type, subject_type, subject_id, event_at, status, attempts, answer_status,
                         answer_ms, error, next_attempt_at, retry_until)
                    select id, '\(endpoint)', id, id, 'order.paid', 'order', id, now(), 'failed', 4, 500, 12, '<b>no</b>', null, now()
                    from gen_random_uuid() id returning id
                    """))
            for path in ["/webhooks", "/webhooks/\(endpoint)", "/webhooks/\(endpoint)?status=failed", "/webhooks/\(endpoint)?status=nosuch"] {
                let page = try await client.get(path)
                #expect(page.status == 200 && page.text.contains("partner.example/&lt;hook&gt;") && !page.text.contains("<b>no</b>"), "\(path)")
                #expect(page.text.contains(#"method="post" action="/webhooks/\#(endpoint)/"#), "\(path)")
                let read = try await viewer.get(path)
                #expect(read.status == 200 && !read.text.contains(#"action="/webhooks/\#(endpoint)/"#), "\(path)")
            }
            #expect(try await client.get("/webhooks/\(endpoint)").text.contains("conveyor webhooks rotate \(endpoint)"))
            #expect(try await client.get("/webhooks/nosuch").status == 404)
            #expect(try await client.submit("/webhooks/\(endpoint)/ping").location == "/webhooks/\(endpoint)?notice=pinged")
            #expect(try await client.submit("/webhooks/\(endpoint)/redeliver/\(delivery)").location == "/webhooks/\(endpoint)?notice=redelivered")
            #expect(try await client.submit("/webhooks/\(endpoint)/redeliver/nosuch").status == 404)
            #expect(try await viewer.submit("/webhooks/\(endpoint)/ping").status == 403)
            #expect(try await console.waiting(in: "webhooks") == 2)
        }
    }
}
