import Dispatch
import Fixtures
import Testing
import Transfer

/// Failures of mail servers and their errors.
@Suite struct SMTPFailureTests {
    /// More than both socket buffers hold: 4 MiB at the sender, and 64 KiB at ``RawServer``.
    private static let endless = String(repeating: "Thanks.\n", count: 1_000_000)

    private func failure(
        port: Int, to: String = "ada@example.com", timeout: Duration = .seconds(20), text: String = "Thanks.\n"
    ) async throws -> SMTPError? {
        let client = try SMTPClient(configuration: .init(host: "127.0.0.1", port: port, security: .none, timeout: timeout))
        return await #expect(throws: SMTPError.self) { try await client.send(SMTPClientTests.mail(to: to, text: text)) }
    }

    @Test(arguments: [
        ("rcpt-451", SMTPError.Stage.recipient, 451, false), ("rcpt-550", .recipient, 550, true), ("data-452", .data, 452, false),
        ("data-554", .data, 554, true),
    ])
    func `a refusal keeps the server's code and the step`(fault: String, stage: SMTPError.Stage, reply: Int, isPermanent: Bool) async throws {
        let sink = try await MailSink()
        let error = try #require(try await self.failure(port: sink.port, to: "\(fault)@example.com"))
        #expect(error.stage == stage)
        #expect(error.reply == reply)
        #expect(error.message == "as asked")
        #expect(error.isPermanent == isPermanent)
        #expect(error.isRetriable == !isPermanent)
        #expect(!error.mayHaveBeenSent)
        #expect(error.recipient == (stage == .recipient ? 0 : nil))
        #expect(try await sink.mails().isEmpty)
    }

    @Test func `one refused recipient refuses the e-mail for all, and is named`() async throws {
        let sink = try await MailSink()
        let client = try SMTPClient(configuration: .init(host: "127.0.0.1", port: sink.port, security: .none))
        let mail = try SMTPClientTests.mail(to: "ada@example.com", "rcpt-550@example.com")
        let error = await #expect(throws: SMTPError.self) { try await client.send(mail) }
        #expect(error?.recipient == 1)
        #expect(try await sink.mails().isEmpty)
    }

    @Test func `after a connection is cut behind the data, the e-mail may be delivered`() async throws {
        let sink = try await MailSink()
        let error = try await self.failure(port: sink.port, to: "cut@example.com")
        #expect(error?.stage == .data)
        #expect(error?.reply == nil)
        #expect(error?.mayHaveBeenSent == true)
        #expect(error?.isRetriable == true)
        #expect(try await sink.mails(1).count == 1)
    }

    @Test func `with a late last reply the e-mail may be delivered`() async throws {
        let sink = try await MailSink()
        let error = try await self.failure(port: sink.port, to: "hold-5@example.com", timeout: .seconds(1))
        #expect(error?.code == .timedOut)
        #expect(error?.stage == .data)
        #expect(error?.mayHaveBeenSent == true)
        #expect(try await sink.mails(1).count == 1)
    }

    @Test func `after a refusal the next e-mail is sent`() async throws {
        let sink = try await MailSink()
        let client = try SMTPClient(configuration: .init(host: "127.0.0.1", port: sink.port, security: .none))
        for fault in ["rcpt-550", "data-451", "cut"] {
            await #expect(throws: SMTPError.self) { try await client.send(SMTPClientTests.mail(to: "\(fault)@example.com")) }
            try await client.send(SMTPClientTests.mail())
        }
        #expect(try await sink.mails(4).count == 4)  // including the one that was cut
    }

    @Test func `a connection that the server has closed, also with 421, is not a failure of the e-mail`() async throws {
        let sink = try await MailSink()
        let client = try SMTPClient(configuration: .init(host: "127.0.0.1", port: sink.port, security: .none))
        try await client.send(SMTPClientTests.mail(1))
        try sink.setFaults("mail-421 1")
        try await client.send(SMTPClientTests.mail(2))
        let stored = try await sink.mails(2)
        #expect(Set(stored.map(\.clientPort)).count == 2)

        try sink.setFaults("mail-421")
        let error = await #expect(throws: SMTPError.self) { try await client.send(SMTPClientTests.mail(3)) }
        #expect(error?.reply == 421, "a new connection is refused too")
        #expect(error?.isRetriable == true)
    }

    @Test func `a closed port, or a server that does not speak SMTP, is a failure`() async throws {
        let port = RawServer { _, _ in }.port
        let refused = try await self.failure(port: port)
        #expect(refused?.stage == .connect)
        #expect(refused?.code == .couldNotConnect)
        #expect(refused?.isRetriable == true)

        for greeting in ["HTTP/1.1 400 Bad Request\r\n\r\n", "554 no service here\r\n", "421 too busy\r\n", "220 hi\r\n"] {
            let server = RawServer { connection, _ in
                connection.write(greeting)
                if greeting.hasPrefix("220") { connection.read(until: "\n") }
            }
            let error = try await self.failure(port: server.port)
            #expect(error?.stage == .connect)
            #expect(error?.mayHaveBeenSent == false)
            #expect(error?.isPermanent == false)
        }
    }

    /// Speaks SMTP up to the data, and then does as the test says.
    private func server(_ afterData: @escaping @Sendable (RawConnection) -> Void) -> RawServer {
        RawServer { connection, _ in
            connection.write("220 hi\r\n")
            while true {
                let line = connection.read(until: "\r\n")
                if line.isEmpty { return }
                if line.hasPrefix("DATA") { break }
                connection.write("250 ok\r\n")
            }
            connection.write("354 go on\r\n")
            afterData(connection)
        }
    }

    @Test func `a connection lost in the middle of the data has not delivered the e-mail`() async throws {
        let server = self.server { connection in connection.read(until: "\r\n") }
        let error = try await self.failure(port: server.port, text: Self.endless)
        #expect(error?.stage == .data)
        #expect(error?.mayHaveBeenSent == false)
        #expect(error?.isRetriable == true)
    }

    @Test func `a cancelled e-mail is cut off, so that the server does not deliver half of it`() async throws {
        let (begun, ended, hold) = (Signal(), Signal(), DispatchSemaphore(value: 0))
        let server = self.server { connection in
            connection.read(until: "\r\n\r\n")
            begun.fire()
            hold.wait()
            #expect(!connection.readToEnd().hasSuffix("\r\n.\r\n"))
            ended.fire()
        }
        let client = try SMTPClient(configuration: .init(host: "127.0.0.1", port: server.port, security: .none))
        let task = Task {
            await #expect(throws: SMTPError.self) {
                try await client.send(SMTPClientTests.mail(text: Self.endless))
            }
        }
        try await begun.wait()
        task.cancel()
        let error = await task.value
        #expect(error?.code == .cancelled)
        #expect(error?.isRetriable == false)
        #expect(error?.mayHaveBeenSent == false)
        hold.signal()
        try await ended.wait()
    }

    @Test func `an e-mail cancelled during the last reply may be delivered`() async throws {
        let begun = Signal()
        let server = self.server { connection in
            connection.read(until: "\r\n.\r\n")
            begun.fire()
            connection.readToEnd()
        }
        let client = try SMTPClient(configuration: .init(host: "127.0.0.1", port: server.port, security: .none))
        let task = Task { await #expect(throws: SMTPError.self) { try await client.send(SMTPClientTests.mail()) } }
        try await begun.wait()
        task.cancel()
        let time = await ContinuousClock().measure {
            let error = await task.value
            #expect(error?.code == .cancelled)
            #expect(error?.mayHaveBeenSent == true)
        }
        #expect(time < .seconds(20))
    }

    @Test func `an error contains no password, even if the server repeats it`() async throws {
        let server = RawServer { connection, _ in
            connection.write("220 hi\r\n")
            connection.read(until: "\r\n")
            connection.write("250-hi\r\n250 AUTH PLAIN LOGIN\r\n")
            connection.read(until: "\r\n")
            connection.write("334 \r\n")
            let login = connection.read(until: "\r\n")
            connection.write("535 what is secret, or \(login)")
            connection.readToEnd()
        }
        let client = try SMTPClient(
            configuration: .init(host: "127.0.0.1", port: server.port, security: .none, username: "shop", password: "secret"))
        let error = await #expect(throws: SMTPError.self) { try await client.send(SMTPClientTests.mail()) }
        #expect(error?.reply == 535)
        #expect(error.map { !"\($0)".contains("secret") && !"\($0)".contains("c2VjcmV0") } == true)
    }

    @Test func `an e-mail that cannot be encoded is refused for good, and nothing is sent`() async throws {
        let server = RawServer { _, _ in }
        let client = try SMTPClient(configuration: .init(host: "127.0.0.1", port: server.port, security: .none))
        let mail = try SMTPClientTests.mail(subject: "Order\r\nBcc: eve@example.com")
        let error = await #expect(throws: SMTPError.self) { try await client.send(mail) }
        #expect(error?.stage == .message)
        #expect(error?.isPermanent == true)
        #expect(server.connections == 0)
    }
}
