import Fixtures
import FoundationEssentials
import Testing
import Transfer

/// Tests with a real mail server (`ops/mail-sink.py`), over every kind of connection.
@Suite struct SMTPClientTests {
    static func mail(
        _ number: Int = 1, to: String..., subject: String = "Order", text: String = "Thanks.\n", html: String? = nil
    ) throws -> Mail {
        try Mail(
            from: Mailbox("shop@shop.example", name: "The Shop"),
            to: (to.isEmpty ? ["ada@example.com"] : to).map { (address) throws(MailError) in try Mailbox(address, name: "Ada") }, subject: subject,
            text: text, html: html, messageID: "\(number)@shop.example")
    }

    @Test func `an e-mail arrives whole, including dots at the beginning of lines`() async throws {
        let sink = try await MailSink()
        let client = try SMTPClient(configuration: .init(host: "127.0.0.1", port: sink.port, security: .none, clientName: "shop.example"))
        let text = ".\n..\n.dot\n" + String(repeating: "Ünïcödé = .\n", count: 10_000) + "."
        var mail = try Self.mail(text: text, html: "<p>.</p>\n.\n")
        mail.to.append(try Mailbox("eve@example.com"))
        mail.replyTo = try Mailbox("help@shop.example")
        try await client.send(mail)
        let stored = try #require(try await sink.mails(1).first)
        #expect(stored.defects.isEmpty)
        // The line break before a boundary belongs to it (RFC 2046, section 5.1.1).
        #expect(stored.text == text)
        #expect(stored.html == "<p>.</p>\n.")
        #expect(stored.recipients == ["ada@example.com", "eve@example.com"])
        #expect(stored["Return-Path"] == "<shop@shop.example>")
        #expect(stored["Reply-To"] == "help@shop.example")
        #expect(stored["Message-ID"] == "<1@shop.example>")
        #expect(stored["Received"]?.contains("from shop.example") == true)
        #expect(stored.transmission == "ESMTP")
    }

    @Test(arguments: [SMTPConfiguration.Security.startTLS, .implicit])
    func `TLS and a login work with a certificate of the given authority`(security: SMTPConfiguration.Security) async throws {
        let certificates = try await TestCertificates.shared()
        let password = "p:ä%@\" \\"
        let sink = try await MailSink(
            certificate: certificates.good, implicitTLS: security == .implicit, login: "shop:\(password)")
        var configuration = SMTPConfiguration(
            host: "localhost", port: sink.port, security: security, username: "shop", password: password, caFile: certificates.authority.file)
        let client = try SMTPClient(configuration: configuration)
        for number in 1...3 { try await client.send(Self.mail(number)) }
        let stored = try await sink.mails(3)
        #expect(stored.map(\.transmission) == ["ESMTPSA", "ESMTPSA", "ESMTPSA"])
        #expect(Set(stored.map(\.clientPort)).count == 1, "one connection for all")

        configuration.password = "wrong-secret"
        let refused = try await self.failure(configuration)
        #expect(refused?.stage == .login)
        #expect(refused?.reply == 535)
        #expect(refused?.isPermanent == false)
        #expect("\(refused, default: "")".contains("wrong-secret") == false)

        configuration.username = nil
        configuration.password = nil
        let missing = try await self.failure(configuration)
        #expect(missing?.reply == 530)
        #expect(missing?.isPermanent == false, "the settings are to blame")

        configuration.caFile = nil
        let untrusted = try await self.failure(configuration)
        #expect(untrusted?.stage == .connect)
        #expect(untrusted?.code == .certificateRefused)
        #expect(untrusted?.isRetriable == true)
        #expect(try await sink.mails().count == 3)
    }

    @Test func `a foreign or expired certificate is refused`() async throws {
        let certificates = try await TestCertificates.shared()
        for certificate in [certificates.otherHost, certificates.expired] {
            let sink = try await MailSink(certificate: certificate)
            let error = try await self.failure(.init(host: "localhost", port: sink.port, caFile: certificates.authority.file))
            #expect(error?.code == .certificateRefused)
            #expect(error?.mayHaveBeenSent == false)
        }
    }

    @Test func `a server without STARTTLS gets neither login nor e-mail`() async throws {
        let sink = try await MailSink()
        let error = try await self.failure(.init(host: "127.0.0.1", port: sink.port, username: "shop", password: "secret"))
        #expect(error?.stage == .connect)
        #expect(error?.code == .tlsNotOffered)
        #expect(error?.isPermanent == false)
        #expect(try await sink.mails().isEmpty)
    }

    @Test func `a login without TLS works where TLS is off`() async throws {
        let sink = try await MailSink(login: "shop:secret")
        let client = try SMTPClient(
            configuration: .init(host: "127.0.0.1", port: sink.port, security: .none, username: "shop", password: "secret"))
        try await client.send(Self.mail())
        #expect(try await sink.mails(1).first?.transmission == "ESMTPA")
    }

    @Test func `simultaneous e-mails use few connections, each e-mail once`() async throws {
        let sink = try await MailSink()
        let client = try SMTPClient(configuration: .init(host: "127.0.0.1", port: sink.port, security: .none, maximumConnections: 3))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...60 { group.addTask { try await client.send(Self.mail(number)) } }
            try await group.waitForAll()
        }
        let stored = try await sink.mails(60)
        #expect(Set(stored.map { $0["Message-ID"] }).count == 60)
        #expect(Set(stored.map(\.clientPort)).count == 3)
    }

    @Test func `non-ASCII addresses are sent to a server that supports them`() async throws {
        let sink = try await MailSink()
        let client = try SMTPClient(configuration: .init(host: "127.0.0.1", port: sink.port, security: .none))
        try await client.send(Self.mail(to: "jürgen@example.com"))
        #expect(try await sink.mails(1).first?.recipients == ["jürgen@example.com"])
    }

    @Test(arguments: ["", "a/b", "a b", "user@host", "a\r\nQUIT", "host?x"])
    func `a malformed server name is refused when the client is made`(host: String) {
        let error = #expect(throws: TransferError.self) { try SMTPClient(configuration: .init(host: host, port: 25)) }
        #expect(error?.code == .invalidRequest)
    }

    private func failure(_ configuration: SMTPConfiguration) async throws -> SMTPError? {
        let client = try SMTPClient(configuration: configuration)
        return await #expect(throws: SMTPError.self) { try await client.send(Self.mail()) }
    }
}
