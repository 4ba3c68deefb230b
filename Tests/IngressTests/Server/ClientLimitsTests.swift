import Conveyor
import Fixtures
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import Ingress

/// The limits of one client at a time and in time; no other client is affected.
@Suite struct ClientLimitsTests {
    private static func request(_ line: String, from client: String? = nil, _ more: String = "") -> String {
        "\(line) HTTP/1.1\r\nHost: shop.example\r\n" + (client.map { "X-Forwarded-For: \($0)\r\n" } ?? "") + "\(more)\r\n"
    }

    /// Endpoints that answer, that wait until they are released, that read a body, and that send without end.
    private final class Endpoints: Sendable {
        let isOpen = Atomic(false)
        let waiting = Atomic(0)
        /// Endless answers that were stopped.
        let givenUp = Atomic(0)

        var routes: Routes {
            var routes = Routes()
            routes.on(.get, "/now") { _, _ in Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "now"))) }
            routes.on(.get, "/wait") { _, _ in
                self.waiting.add(1, ordering: .relaxed)
                try await eventually("to be let go") { self.isOpen.load(ordering: .relaxed) }
                return Response(status: .ok)
            }
            routes.on(.post, "/body") { request, _ in
                let bytes = try await request.bytes(upTo: 1 << 20)
                return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "\(bytes.count)")))
            }
            routes.on(.get, "/endless") { _, _ in
                Response(
                    status: .ok,
                    body: .init { writer in
                        let piece = ByteBuffer(repeating: 0x78, count: 1 << 16)
                        do {
                            while true { try await writer.write(piece) }
                        } catch {
                            self.givenUp.add(1, ordering: .relaxed)
                            throw error
                        }
                    })
            }
            return routes
        }
    }

    @Test func `connections are limited per client`() async throws {
        var limits = ServerLimits()
        limits.connections = 3
        // Connections are counted for clients that are not proxies.
        try await withServer(["TRUSTED_PROXIES": ""], limits: limits, routes: Endpoints().routes) { port, _ in
            func open(_ more: String = "") async throws -> RawClient {
                // A connection that this side has just closed may still be open at the server.
                try await eventualValue("a place") {
                    let client = RawClient(port: port)
                    client.write(Self.request("GET /now", from: nil, more))
                    try await eventually("an answer or the end") { client.statuses == [200] || client.isClosed }
                    return client.statuses == [200] ? client : nil
                }
            }
            var clients: [RawClient] = []
            for _ in 0..<3 { clients.append(try await open()) }
            let fourth = RawClient(port: port)
            try await eventually("the end of the fourth") { fourth.isClosed }
            #expect(fourth.received.isEmpty)
            clients.removeLast().finish()
            _ = try await open("Connection: close\r\n")
        }
    }

    @Test func `open requests are limited per client`() async throws {
        var limits = ServerLimits()
        limits.requests = 2
        let endpoints = Endpoints()
        try await withServer(limits: limits, routes: endpoints.routes) { port, _ in
            let first = ["192.0.2.1:4711", "192.0.2.1"].map { address in
                let client = RawClient(port: port)
                client.write(Self.request("GET /wait", from: address))
                return client
            }
            try await eventually("both to wait") { endpoints.waiting.load(ordering: .relaxed) == 2 }
            let third = RawClient(port: port)
            third.write(Self.request("GET /now", from: "192.0.2.1"))
            try await eventually("a refusal") { third.statuses == [429] }
            #expect(third.received.contains(#/(?i)\r\nretry-after: \d+\r\n/#))
            let other = RawClient(port: port)
            other.write(Self.request("GET /now", from: "192.0.2.2"))
            try await eventually("an answer") { other.statuses == [200] }
            endpoints.isOpen.store(true, ordering: .relaxed)
            for client in first { try await eventually("its answer") { client.statuses == [200] } }
            third.write(Self.request("GET /now", from: "192.0.2.1"))
            try await eventually("an answer again") { third.statuses == [429, 200] }
        }
    }

    @Test(arguments: [("2001:db8:0:1::", "[2001:db8:0:1:ffff::2]:50001"), ("\"192.0.2.9\"", "::ffff:192.0.2.9")])
    func `all addresses of an IPv6 network are one client`(first: String, second: String) async throws {
        var limits = ServerLimits()
        limits.requests = 1
        let endpoints = Endpoints()
        try await withServer(limits: limits, routes: endpoints.routes) { port, _ in
            let one = RawClient(port: port)
            one.write(Self.request("GET /wait", from: first))
            try await eventually("it to wait") { endpoints.waiting.load(ordering: .relaxed) == 1 }
            let two = RawClient(port: port)
            two.write(Self.request("GET /now", from: "198.51.100.66, \(second)"))
            try await eventually("a refusal") { two.statuses == [429] }
            endpoints.isOpen.store(true, ordering: .relaxed)
            try await eventually("an answer") { one.statuses == [200] }
        }
    }

    @Test func `open bytes of bodies are limited per client, and released`() async throws {
        var limits = ServerLimits()
        limits.bodyBytes = 100_000
        try await withServer(limits: limits, routes: Endpoints().routes) { port, _ in
            func half(_ client: String) -> RawClient {
                let raw = RawClient(port: port)
                raw.write(Self.request("POST /body", from: client, "Content-Length: 60000\r\n") + String(repeating: "x", count: 40_000))
                return raw
            }
            let three = (0..<3).map { _ in half("192.0.2.1") }
            // Other clients have their own limit.
            let other = half("192.0.2.2")
            try await eventually("a refusal of one of them") { three.count(where: { $0.statuses == [429] }) == 1 }
            let refused = three.first { $0.statuses == [429] }
            #expect(refused?.received.contains(#/(?i)\r\nretry-after: \d+\r\n/#) == true)
            let small = RawClient(port: port)
            small.write(Self.request("GET /now", from: "192.0.2.1"))
            try await eventually("an answer") { small.statuses == [200] }
            for client in three.filter({ $0.statuses.isEmpty }) + [other] {
                client.write(String(repeating: "x", count: 20_000))
                try await eventually("an answer") { client.statuses == [200] }
            }
            let again = half("192.0.2.1")
            again.write(String(repeating: "x", count: 20_000))
            try await eventually("an answer") { again.statuses == [200] }
        }
    }

    @Test func `heads have a deadline, which slow bytes do not extend`() async throws {
        var limits = ServerLimits()
        limits.headersTime = .milliseconds(300)
        try await withServer(limits: limits, routes: Endpoints().routes) { port, _ in
            let silent = RawClient(port: port)
            let slow = RawClient(port: port)
            slow.write("GET /now HTTP/1.1\r\nA: ")
            try await eventually("the end of patience") {
                slow.write("x")
                return slow.isClosed
            }
            #expect(slow.statuses == [408])
            // A connection that has sent nothing is only idle.
            silent.write(Self.request("GET /now"))
            try await eventually("an answer") { silent.statuses == [200] }
        }
    }

    @Test func `a client that does not read its answer is disconnected`() async throws {
        var limits = ServerLimits()
        limits.writeTime = .milliseconds(300)
        let endpoints = Endpoints()
        try await withServer(limits: limits, routes: endpoints.routes) { port, _ in
            let client = RawClient(port: port)
            client.write(Self.request("GET /endless"))
            try await eventually("the end of it") { endpoints.givenUp.load(ordering: .relaxed) == 1 }
        }
    }

    @Test func `an idle connection is closed after its time, one with a request is not`() async throws {
        var limits = ServerLimits()
        limits.keepAlive = .milliseconds(300)
        let endpoints = Endpoints()
        try await withServer(limits: limits, routes: endpoints.routes) { port, _ in
            let busy = RawClient(port: port)
            busy.write(Self.request("GET /wait"))
            let idle = RawClient(port: port)
            idle.write(Self.request("GET /now"))
            try await eventually("the end of the idle one") { idle.isClosed }
            #expect(idle.statuses == [200])
            #expect(!busy.isClosed)
            endpoints.isOpen.store(true, ordering: .relaxed)
            try await eventually("an answer") { busy.statuses == [200] }
        }
    }

    @Test func `when the server stops, a request on its way is answered as the last one`() async throws {
        var limits = ServerLimits()
        limits.drainTime = .seconds(20)
        try await withServer(limits: limits, routes: Endpoints().routes) { port, stop in
            let client = RawClient(port: port)
            client.write(Self.request("GET /now"))
            try await eventually("an answer") { client.statuses == [200] }
            await stop()
            try await eventually("no connection to be accepted") { !RawClient.isAnswered(port: port) }
            client.write(Self.request("GET /now"))
            try await eventually("the end") { client.isClosed }
            #expect(client.statuses == [200, 200])
            #expect(client.received.contains(#/(?i)\r\nconnection: close\r\n/#))
        }
    }
}
