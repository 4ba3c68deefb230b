import Fixtures
import RabbitMQ
import Shop
import Testing

@testable import Conveyor

@Suite struct SecretsTests {
    /// Fails for each secret in a text.
    private func expect(_ text: String, holdsNone secrets: [String: String]) {
        for (name, secret) in secrets where text.contains(secret) {
            let place = text.firstRange(of: secret).map { text[..<$0.lowerBound].suffix(200) } ?? ""
            Issue.record("\(name) stands after: \(place)")
        }
    }

    @Test func `no secret of a worker appears in its log, its traces or its reports, at the level trace`() async throws {
        try await PaymentsRig.run {
            [
                "OTEL_EXPORTER_OTLP_ENDPOINT": $0.url, "OTEL_EXPORTER_OTLP_HEADERS": "x-key=\(Planted.collector)", "SENTRY_DSN": $0.dsn,
                "SENTRY_TRACES_SAMPLE_RATE": "1",
            ]
        } _: { rig in
            let order = try await rig.order()
            let trace = TraceContext.elsewhere(sampled: true).traceparent
            try await rig.publisher.publish(rig.message("payments.create_intent", traceparent: trace, body: #"{"order_id":"\#(order)"}"#))
            _ = try await rig.nextEvent()
            let clientSecret = try #require(try await rig.database.value("select client_secret from payments"))

            // An undecodable payload, invalid JSON, an unknown type and a rejected command, each with secrets in its payload.
            let payload = #""card":"\#(Planted.card)","password":"\#(Planted.password)","client_secret":"\#(clientSecret)""#
            let bodies = [
                #"{"order_id":"\#(Planted.card)",\#(payload)}"#, "\(Planted.password) \(clientSecret)",
                #"{"order_id":"\#(rig.user)",\#(payload)}"#, #"{"order_id":{"\#(Planted.password)":"\#(Planted.card)"},\#(payload)}"#,
            ]
            for body in bodies { try await rig.publisher.publish(rig.message("payments.create_intent", traceparent: trace, body: body)) }
            try await rig.publisher.publish(rig.message("payments.nonsense", traceparent: trace, body: "{\(payload)}"))
            try await eventually("four dead letters") { try rig.watcher.items("event").count == 4 }
            try await eventually("all traces") { try rig.watcher.spans.count { $0.kind == 5 } == 5 }
            try await rig.worker.stop()

            let stripeKey = StripeDoubleProcess.secretKey
            let broker = rig.host.amqpURL.split(separator: "@")[0].split(separator: ":").last.map(String.init) ?? ""
            #expect(broker.count > 4)
            var secrets = [
                "the database's password": Planted.database, "the key that signs": Planted.signing, "Stripe's key": stripeKey,
                "a client secret": clientSecret, "a card's number": Planted.card, "a password": Planted.password, "the broker's password": broker,
                "the collector's key": Planted.collector, "Sentry's key": "publickey0123456789abcdef01234567",
            ]
            #expect(rig.worker.output.contains("payments.create_intent handled"))
            #expect(rig.worker.output.contains("is a dead letter"))
            self.expect(rig.worker.output, holdsNone: secrets)
            // Host and user may appear.
            secrets["the collector's key"] = nil
            secrets["Sentry's key"] = nil
            self.expect(rig.watcher.everything, holdsNone: secrets)
        }
    }

    @Test func `a refused login at the mail server is reported without its password`() async throws {
        try await Watcher.run { watcher in
            let sink = try await MailSink(login: "shop:another")
            try await withDatabase { database in
                try await withVirtualHost { host in
                    try await host.declareShop()
                    let settings = [
                        "DATABASE_URL": database.url(as: "email"), "AMQP_URL": host.amqpURL, "RABBITMQ_API": host.apiURL,
                        "SECRET_KEY": Planted.signing,
                        "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "\(sink.port)", "SMTP_TLS": "none", "EMAIL_FROM": "shop@shop.example",
                        "EMAIL_USERNAME": "shop", "EMAIL_PASSWORD": Planted.password, "LOG_LEVEL": "trace", "SENTRY_DSN": watcher.dsn,
                    ]
                    try await withPart("email-worker", settings) { worker in
                        let reset = ID.v7(milliseconds: 1)
                        let mail = SendEmail(
                            template: "password_reset", subject: reset.description, to: "ann@shop.example", data: ["reset_id": reset.description])
                        let envelope = Envelope(
                            messageID: .v7(milliseconds: UInt64(Clock.milliseconds())), type: SendEmail.type, actor: "system",
                            sentAt: Clock.milliseconds())
                        try await withPublisher(host.amqpURL) { try await $0.publish(try Outgoing(mail, envelope: envelope, appID: "test")) }
                        try await worker.waits(for: "is held back until this is right")
                        try await eventually("the report") { try !watcher.items("event").isEmpty }
                        let event = try #require(try watcher.items("event").first)
                        #expect(event["level"]?.text == "fatal")
                        #expect(event["exception", "values"]?.array?.first?["value"]?.text?.contains("EMAIL_PASSWORD") == true)
                        try await worker.stop()
                        let secrets = [
                            "the mail server's password": Planted.password, "the key that signs": Planted.signing,
                            "the token of a reset": ResetToken.make(reset, key: Planted.signing),
                        ]
                        self.expect(worker.output + watcher.everything, holdsNone: secrets)
                    }
                }
            }
        }
    }
}
