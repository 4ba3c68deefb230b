import Synchronization
import Testing
import Transfer

@Suite struct HTTPClientTests {
    let client: HTTPClient

    init() throws { self.client = try HTTPClient(userAgent: "conveyor/1.2.3") }

    @Test(arguments: [HTTPMethod.get, .post, .put, .patch, .delete])
    func `request and answer arrive unchanged`(method: HTTPMethod) async throws {
        let body = method == .get ? nil : Array("a=1&b=\u{0}é".utf8)
        try await WebServer.run { [client] port in
            let request = HTTPRequest(
                method, url: "http://127.0.0.1:\(port)/echo?q=%20", headers: ["X-One": "1", "x-empty": "", "Content-Type": "text/plain"], body: body)
            let response = try await client.send(request)
            #expect(response.status == 200)
            #expect(response.body == body ?? [])
            #expect(response.headers["x-METHOD"] == method.rawValue)
            #expect(response.headers["X-Got-X-One"] == "1")
            #expect(response.headers["X-Got-X-Empty"] == "")
            #expect(response.headers["X-Got-Content-Type"] == "text/plain")
            #expect(response.headers["X-Got-User-Agent"] == "conveyor/1.2.3")
            #expect(response.headers["X-Got-Expect"] == nil)
        }
    }

    @Test func `a body without a content type gets none, and a POST without a body has a length`() async throws {
        try await WebServer.run { [client] port in
            let response = try await client.send(HTTPRequest(.post, url: "http://127.0.0.1:\(port)/echo"))
            #expect(response.headers["X-Got-Content-Type"] == nil)
            #expect(response.headers["X-Got-Content-Length"] == "0")
        }
    }

    @Test func `a HEAD request returns only headers`() async throws {
        try await WebServer.run { [client] port in
            let response = try await client.send(HTTPRequest(.head, url: "http://127.0.0.1:\(port)/echo"))
            #expect(response.status == 200)
            #expect(response.headers["X-Method"] == "HEAD")
            #expect(response.body.isEmpty)
        }
    }

    @Test(arguments: [204, 404, 429, 500, 503])
    func `an answer of any status is returned`(status: Int) async throws {
        try await WebServer.run { [client] port in
            let response = try await client.send(HTTPRequest(url: "http://127.0.0.1:\(port)/status/\(status)"))
            #expect(response.status == status)
        }
    }

    @Test func `a request to a forbidden address fails, written or resolved`() async throws {
        try await WebServer.run { [client] port in
            for host in ["127.0.0.1", "localhost", "127.1", "0x7f000001"] {
                let asked = Mutex<[String]>([])
                var request = HTTPRequest(url: "http://\(host):\(port)/echo")
                request.mayConnect = { address in
                    asked.withLock { $0.append(address) }
                    return false
                }
                let refused = request
                let error = await #expect(throws: TransferError.self) { try await client.send(refused) }
                #expect(error?.code == .addressForbidden && error?.mayHaveBeenSent == false, "\(host)")
                #expect(asked.withLock { $0.first } == "127.0.0.1" || host == "localhost", "\(host)")
                request.mayConnect = { _ in true }
                let allowed = request
                let response = try await client.send(allowed)
                #expect(response.status == 200)
            }
        }
    }

    @Test func `an address that changes between lookup and connection is refused too`() async throws {
        try await WebServer.run { [client] port in
            let looks = Mutex(0)
            var request = HTTPRequest(url: "http://127.0.0.1:\(port)/echo")
            // The first lookup concerns the name, the second the socket's address.
            request.mayConnect = { _ in
                looks.withLock { $0 += 1 }
                return looks.withLock { $0 } == 1
            }
            let refused = request
            let error = await #expect(throws: TransferError.self) { try await client.send(refused) }
            #expect(error?.code == .addressForbidden)
            #expect(looks.withLock { $0 } == 2)
        }
    }

    @Test(arguments: ["long", "long-in-chunks"]) func `a long answer is cut where its beginning is enough`(path: String) async throws {
        try await WebServer.run { [client] port in
            var request = HTTPRequest(url: "http://127.0.0.1:\(port)/\(path)", maximumResponseSize: 65_536)
            request.cutsResponse = true
            let cut = request
            let response = try await client.send(cut)
            #expect(response.status == 200 && response.body.count == 65_536)
            request.cutsResponse = false
            let whole = request
            let error = await #expect(throws: TransferError.self) { try await client.send(whole) }
            #expect(error?.code == .responseTooLarge)
        }
    }

    @Test func `a redirect is not followed`() async throws {
        try await WebServer.run { [client] port in
            let response = try await client.send(HTTPRequest(url: "http://127.0.0.1:\(port)/redirect"))
            #expect(response.status == 302)
            #expect(response.headers["location"] == "http://127.0.0.1:1/")
        }
    }

    @Test func `a body of megabytes travels both ways`() async throws {
        let body = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        try await WebServer.run { [client] port in
            let response = try await client.send(HTTPRequest(.put, url: "http://127.0.0.1:\(port)/echo", body: body))
            #expect(response.body == body)
        }
    }

    @Test(arguments: ["long", "long-in-chunks"])
    func `an answer may be as long as the request allows, and no longer`(path: String) async throws {
        try await WebServer.run { [client] port in
            var request = HTTPRequest(url: "http://127.0.0.1:\(port)/\(path)", maximumResponseSize: 100_000)
            let response = try await client.send(request)
            #expect(response.body.count == 100_000)
            request.maximumResponseSize = 99_999
            let tooLong = request
            let error = await #expect(throws: TransferError.self) { try await client.send(tooLong) }
            #expect(error?.code == .responseTooLarge)
            #expect(error?.isRetriable == false)
            #expect(error?.mayHaveBeenSent == true)
        }
    }

    @Test func `consecutive requests share a connection, unless one must not be repeated`() async throws {
        try await WebServer.run { [client] port in
            let url = "http://127.0.0.1:\(port)/echo"
            func clientPort(_ request: HTTPRequest) async throws -> String? { try await client.send(request).headers["X-Client-Port"] }
            let first = try await clientPort(HTTPRequest(url: url))
            #expect(try await clientPort(HTTPRequest(url: url)) == first)
            #expect(try await clientPort(HTTPRequest(.post, url: url, headers: ["idempotency-key": "1"], body: [1])) == first)
            #expect(try await clientPort(HTTPRequest(.post, url: url, body: [1])) != first)
        }
    }

    @Test func `each of a hundred simultaneous requests gets its own answer`() async throws {
        try await WebServer.run { [client] port in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let body = Array("\(number)".utf8)
                        let request = HTTPRequest(.put, url: "http://127.0.0.1:\(port)/echo", body: body)
                        let response = try await client.send(request)
                        #expect(response.body == body)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/", "smtp://127.0.0.1/", "dict://127.0.0.1:1/d:x"])
    func `only HTTP is supported`(url: String) async throws {
        let error = await #expect(throws: TransferError.self) { try await client.send(HTTPRequest(url: url)) }
        #expect(error?.code == .unsupportedProtocol)
        #expect(error?.isRetriable == false)
        #expect(error?.mayHaveBeenSent == false)
    }

    @Test func `values that would break out of their line are refused before anything is sent`() async throws {
        let server = RawServer { _, _ in }
        let url = "http://127.0.0.1:\(server.port)/"
        let requests = [
            HTTPRequest(url: url, headers: ["X-One": "1\r\nX-Two: 2"]), HTTPRequest(url: url, headers: ["X-One": "1\nX-Two: 2"]),
            HTTPRequest(url: url, headers: ["X-One\r\nX-Two": "1"]), HTTPRequest(url: url, headers: ["X One": "1"]),
            HTTPRequest(url: url, headers: ["X-One": "1\u{0}2"]), HTTPRequest(url: url, headers: ["": "1"]),
            HTTPRequest("GET / HTTP/1.1\r\nX-Two: 2\r\n\r\nGET", url: url), HTTPRequest("", url: url), HTTPRequest(url: url + "\u{0}"),
        ]
        for request in requests {
            let error = await #expect(throws: TransferError.self) { try await client.send(request) }
            #expect(error?.code == .invalidRequest)
            #expect(error?.isRetriable == false)
        }
        for path in ["a b", "a\r\nX-Two: 2", "a\n"] {
            let error = await #expect(throws: TransferError.self) { try await client.send(HTTPRequest(url: url + path)) }
            #expect(error?.code == .malformedURL)
        }
        #expect(server.connections == 0)
    }
}
