import Fixtures
import RabbitMQ
import Testing

@Suite struct TLSTests {
    @Test func `amqps accepts a broker with a certificate of the authority, only under its name`() async throws {
        let authority = try await CertificateAuthority()
        let stranger = try await CertificateAuthority()
        try await withPrivateBroker(certificate: authority.issue(for: "DNS:localhost")) { broker in
            let host = try await broker.newVirtualHost()
            try await host.declareQueue("q")
            let url = try #require(host.amqpsURL)
            try await withPublisher(url, tlsCAFile: authority.file) { publisher in
                let body = (0..<10 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
                let large = Outgoing(exchange: "", routingKey: "q", properties: Properties(messageID: "large"), body: body)
                let lost = Outgoing.text("lost", to: "nowhere")
                #expect(
                    await publisher.publish([large, lost] + Outgoing.numbered(0..<2000)).map { $0 } == [nil, .unroutable]
                        + Array(repeating: nil, count: 2000))
                try await withConsumer(url, queue: .named("q"), prefetch: 2000, tlsCAFile: authority.file) { consumer in
                    let deliveries = try await consumer.takeAndAcknowledge(2000)
                    #expect(deliveries[0].body == body)
                    #expect(deliveries[1].text == "0")
                }
            }

            // The certificate is for localhost.
            for (url, authority, kind) in [
                (url.replacing("localhost", with: "127.0.0.1"), authority.file, BrokerError.Kind.untrusted), (url, stranger.file, .untrusted),
                (url, nil, .untrusted),
                // A port that speaks no TLS.
                (host.amqpURL.replacing("amqp:", with: "amqps:"), authority.file, .unreachable),
            ] {
                let configuration = try BrokerConfiguration(urls: url, connectionName: "test", tlsCAFile: authority)
                let publisher = Publisher(configuration: configuration, logger: .silent)
                try await running(publisher) {
                    let error = await #expect(throws: BrokerError.self) { try await publisher.waitUntilConnected(timeout: .seconds(1)) }
                    #expect(error?.kind == kind, "\(url)")
                }
            }
        }
    }

    @Test func `over TLS too, publishing fails as blocked during an alarm`() async throws {
        let authority = try await CertificateAuthority()
        try await withPrivateBroker(certificate: authority.issue(for: "DNS:localhost")) { broker in
            let host = try await broker.newVirtualHost()
            try await host.declareQueue("q")
            try await OutageTests.expectBlocked(broker, host, url: try #require(host.amqpsURL), tlsCAFile: authority.file)
        }
    }
}
