import Testing
import Transfer

/// Failures on the way and their errors: above all whether the server may have received the request.
@Suite struct HTTPFailureTests {
    let client: HTTPClient

    init() throws { self.client = try HTTPClient(userAgent: "conveyor/1.2.3") }

    private func failure(_ request: HTTPRequest) async -> TransferError? {
        await #expect(throws: TransferError.self) { try await self.client.send(request) }
    }

    @Test func `a refused connection has sent nothing`() async throws {
        let port = RawServer { _, _ in }.port  // closed again
        let error = await self.failure(HTTPRequest(.post, url: "http://127.0.0.1:\(port)/"))
        #expect(error?.code == .couldNotConnect)
        #expect(error?.mayHaveBeenSent == false)
        #expect(error?.isRetriable == true)
    }

    @Test func `an unknown host name has sent nothing`() async throws {
        let error = await self.failure(HTTPRequest(url: "http://nobody.invalid/"))
        #expect(error?.code == .couldNotResolveHost)
        #expect(error?.mayHaveBeenSent == false)
        #expect(error?.isRetriable == true)
    }

    @Test func `a server that closes after the request may have received it`() async throws {
        let server = RawServer { connection, _ in connection.readRequest() }
        let error = await self.failure(HTTPRequest(.post, url: "http://127.0.0.1:\(server.port)/", body: [1, 2, 3]))
        #expect(error?.code == .gotNothing)
        #expect(error?.mayHaveBeenSent == true)
        #expect(error?.isRetriable == true)
        #expect(server.connections == 1)
    }

    @Test func `a server that closes in the middle of its answer is a failure`() async throws {
        let server = RawServer { connection, _ in
            connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        }
        let error = await self.failure(HTTPRequest(url: "http://127.0.0.1:\(server.port)/"))
        #expect(error?.code.rawValue == 18)  // CURLE_PARTIAL_FILE
        #expect(error?.mayHaveBeenSent == true)
        #expect(error?.isRetriable == true)
    }

    @Test func `a server that does not answer in time may have received the request`() async throws {
        let server = RawServer { connection, _ in connection.readToEnd() }
        let time = await ContinuousClock().measure {
            let error = await self.failure(HTTPRequest(.post, url: "http://127.0.0.1:\(server.port)/", body: [1], timeout: .milliseconds(200)))
            #expect(error?.code == .timedOut)
            #expect(error?.mayHaveBeenSent == true)
            #expect(error?.isRetriable == true)
        }
        #expect(time >= .milliseconds(200))
        #expect(time < .seconds(5))
    }

    @Test func `a server whose TLS handshake takes too long has not received the request`() async throws {
        let server = RawServer { connection, _ in connection.readToEnd() }
        let error = await self.failure(
            HTTPRequest(.post, url: "https://127.0.0.1:\(server.port)/", body: [1], connectTimeout: .milliseconds(200), timeout: .seconds(20)))
        #expect(error?.code == .timedOut)
        #expect(error?.mayHaveBeenSent == false)
    }

    @Test func `a server without TLS is not an HTTPS server`() async throws {
        let server = RawServer { connection, _ in
            connection.write("HTTP/1.1 200 OK\r\n\r\n")
            connection.readToEnd()
        }
        let error = await self.failure(HTTPRequest(.post, url: "https://127.0.0.1:\(server.port)/", body: [1]))
        #expect(error?.code == .tlsHandshakeFailed)
        #expect(error?.mayHaveBeenSent == false)
    }

    @Test func `an endless head is cut`() async throws {
        let server = RawServer { connection, _ in
            connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\n")
            for _ in 0..<300 { connection.write("X-Long: \(String(repeating: "a", count: 1000))\r\n") }
            connection.readToEnd()
        }
        #expect(await self.failure(HTTPRequest(url: "http://127.0.0.1:\(server.port)/"))?.code == .responseTooLarge)
    }

    @Test func `headers of interim answers are dropped, repeated ones kept, surrounding white space removed`() async throws {
        let server = RawServer { connection, _ in
            connection.readRequest()
            connection.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nset-cookie:a=1\r\nSet-Cookie: \t b:2 \r\nX-Empty:\r\n\r\nok")
        }
        let response = try await self.client.send(HTTPRequest(url: "http://127.0.0.1:\(server.port)/"))
        #expect(response.body == Array("ok".utf8))
        #expect(response.headers["Link"] == nil)
        #expect(response.headers.values("SET-COOKIE") == ["a=1", "b:2"])
        #expect(response.headers["x-empty"] == "")
    }

    @Test func `a cancelled request ends at once, together with its connection`() async throws {
        let (arrived, closed) = (Signal(), Signal())
        let server = RawServer { connection, _ in
            connection.readRequest()
            arrived.fire()
            connection.readToEnd()
            closed.fire()
        }
        let task = Task { [client] in
            await #expect(throws: TransferError.self) { try await client.send(HTTPRequest(url: "http://127.0.0.1:\(server.port)/")) }
        }
        try await arrived.wait()
        task.cancel()
        let time = await ContinuousClock().measure {
            let error = await task.value
            #expect(error?.code == .cancelled)
            #expect(error?.mayHaveBeenSent == true)
            #expect(error?.isRetriable == false)
        }
        #expect(time < .seconds(10))
        try await closed.wait()
    }

    @Test func `a request that was cancelled before it began is not sent`() async throws {
        let server = RawServer { _, _ in }
        let task = Task { [client] in
            withUnsafeCurrentTask { $0?.cancel() }
            return await #expect(throws: TransferError.self) { try await client.send(HTTPRequest(url: "http://127.0.0.1:\(server.port)/")) }
        }
        let error = await task.value
        #expect(error?.code == .cancelled)
        #expect(error?.mayHaveBeenSent == false)
        #expect(server.connections == 0)
    }

    /// Answers the first request of a connection, and closes it after the second.
    private func serverThatTires() -> RawServer {
        RawServer { connection, _ in
            connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            connection.readRequest()
        }
    }

    @Test func `a repeatable request on a dying connection is sent again on a new one`() async throws {
        let server = self.serverThatTires()
        let request = HTTPRequest(.post, url: "http://127.0.0.1:\(server.port)/", headers: ["Idempotency-Key": "1"], body: [1])
        for _ in 1...3 { #expect(try await self.client.send(request).status == 200) }
        #expect(server.connections == 3)
    }

    @Test func `a request that must not be repeated reaches the server once`() async throws {
        let server = RawServer { connection, number in
            connection.readRequest()
            if number == 1 { connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") }
            connection.readRequest()
        }
        #expect(try await self.client.send(HTTPRequest(url: "http://127.0.0.1:\(server.port)/")).status == 200)
        let error = await self.failure(HTTPRequest(.post, url: "http://127.0.0.1:\(server.port)/", body: [1], timeout: .milliseconds(300)))
        #expect(error?.mayHaveBeenSent == true)
        #expect(server.connections == 2)
    }

    @Test func `errors contain no secret`() async throws {
        let closing = RawServer { connection, _ in connection.readRequest() }
        let refusing = RawServer { _, _ in }.port
        let secret = "sk_live_4eC39HqLyjWD"
        for url in [
            "http://user:\(secret)@127.0.0.1:\(closing.port)/\(secret)?key=\(secret)", "http://user:\(secret)@127.0.0.1:\(refusing)/\(secret)",
            "https://user:\(secret)@127.0.0.1:\(closing.port)/\(secret)", "http://user:\(secret)@nobody.invalid/\(secret)",
            "http://user:\(secret)@127.0.0.1:99999/\(secret)", "\(secret)://127.0.0.1/", "http://[\(secret)",
        ] {
            let error = await self.failure(HTTPRequest(.post, url: url, headers: ["Authorization": "Bearer \(secret)"], body: Array(secret.utf8)))
            #expect(error.map { !"\($0) \($0.message)".contains(secret) } == true, "\(error?.message ?? "")")
        }
    }

    @Test func `a released client closes its connections`() async throws {
        let closed = Signal()
        let server = RawServer { connection, _ in
            connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            connection.readToEnd()
            closed.fire()
        }
        var client: HTTPClient? = try HTTPClient(userAgent: "conveyor/1.2.3")
        _ = try await client?.send(HTTPRequest(url: "http://127.0.0.1:\(server.port)/"))
        client = nil
        try await closed.wait()
    }
}
