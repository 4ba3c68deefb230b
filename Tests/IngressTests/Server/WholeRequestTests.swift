import Fixtures
import Hummingbird
import NIOCore
import Testing

@testable import Ingress

/// Requests on one connection, whole or in parts, with all kinds of answers.
@Suite struct WholeRequestTests {
    private static let body = String(repeating: "x", count: WholeRequestHandler.bodyLimit + 1)

    private static func request(_ path: String, _ body: String = "", _ fields: String...) -> String {
        let line = "\(body.isEmpty ? "GET" : "POST") \(path) HTTP/1.1\r\nHost: shop.example\r\n"
        return line + fields.map { $0 + "\r\n" }.joined() + "\(body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n")\r\n\(body)"
    }

    /// Endpoints that answer at once, after a moment, in pieces, and with the length of the body.
    private static var routes: Routes {
        var routes = Routes()
        routes.on(.get, "/now/{n}") { _, context in
            Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "<now \(context.parameter("n"))>")))
        }
        routes.on(.get, "/soon/{n}") { _, context in
            for _ in 0..<10 { await Task.yield() }
            return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "<soon \(context.parameter("n"))>")))
        }
        routes.on(.get, "/pieces/{n}") { _, context in
            let n = context.parameter("n")
            return Response(
                status: .ok,
                body: .init { writer in
                    for piece in ["<pieces ", "\(n)", ">"] { try await writer.write(ByteBuffer(string: piece)) }
                    try await writer.finish(nil)
                })
        }
        routes.on(.post, "/length/{n}") { request, context in
            let bytes = try await request.bytes(upTo: 1 << 20)
            return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "<length \(context.parameter("n")) \(bytes.count)>")))
        }
        return routes
    }

    @Test func `pipelined requests are answered in order`() async throws {
        try await withServer(routes: Self.routes) { port, _ in
            var (sent, expected) = ("", [String]())
            for n in 0..<200 {
                switch n % 5 {
                case 0: (sent, expected) = (sent + Self.request("/now/\(n)"), expected + ["<now \(n)>"])
                case 1: (sent, expected) = (sent + Self.request("/soon/\(n)"), expected + ["<soon \(n)>"])
                case 2: (sent, expected) = (sent + Self.request("/pieces/\(n)"), expected + ["<pieces ", "\(n)", ">"])
                case 3: (sent, expected) = (sent + Self.request("/length/\(n)", "four"), expected + ["<length \(n) 4>"])
                // Takes the way through Hummingbird, as does the request after it.
                default: (sent, expected) = (sent + Self.request("/length/\(n)", Self.body), expected + ["<length \(n) \(Self.body.utf8.count)>"])
                }
            }
            let client = RawClient(port: port)
            client.write(sent)
            try await eventually("200 answers") { client.statuses.count == 200 && client.received.contains("<length 199 ") }
            #expect(client.statuses.allSatisfy { $0 == 200 })
            var rest = client.received[...]
            for text in expected {
                let found = try #require(rest.firstRange(of: text), "\(text) in its place")
                rest = rest[found.upperBound...]
            }
        }
    }

    @Test(arguments: ["/now/1", "/soon/1", "/pieces/1"]) func `a client that has closed its side still gets its answer`(path: String) async throws {
        try await withServer(routes: Self.routes) { port, _ in
            let client = RawClient(port: port)
            client.write(Self.request(path))
            client.finish()
            try await eventually("the end") { client.isClosed }
            #expect(client.statuses == [200])
            #expect(client.received.contains("1"))
        }
    }

    @Test func `a body may come byte by byte, in chunks, or not at all`() async throws {
        try await withServer(routes: Self.routes) { port, _ in
            let client = RawClient(port: port)
            for byte in Self.request("/length/1", "four").utf8 {
                client.write([byte])
                await Task.yield()
            }
            try await eventually("the first answer") { client.received.contains("<length 1 4>") }
            client.write("POST /length/2 HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
            try await eventually("the second answer") { client.received.contains("<length 2 3>") }
            client.write("POST /length/3 HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 0\r\n\r\n")
            try await eventually("the third answer") { client.received.contains("<length 3 0>") }
            client.write("POST /length/4 HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 9\r\n\r\nfour")
            client.finish()
            try await eventually("the end") { client.isClosed }
            #expect(client.statuses == [200, 200, 200, 400])
        }
    }

    @Test func `an answer has a Date header`() {
        #expect(HTTPDate.text(of: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        var date = HTTPDate()
        #expect(date.text.hasSuffix(" GMT"))
    }
}
