import Conveyor
import Fixtures
import Foundation
import Glibc
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@Suite struct HealthServerTests {
    /// Runs a server on its own port with these reasons in `unready`, and ends it gracefully.
    private func withServer(_ body: (Int, Unready) async throws -> Void) async throws {
        let port = try Port.free()
        let unready = Unready()
        let settings = Settings(environment: ["METRICS_PORT": "\(port)"])
        let server = try #require(try HealthServer(settings: settings, logger: Logger(label: "test")) { unready.names })
        let group = ServiceGroup(configuration: .init(services: [server], logger: Logger(label: "test")))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await eventually("it listens") { (try? await HTTP.get(port, "/health/live").status) == 200 }
            try await body(port, unready)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        await #expect(throws: (any Error).self) { try await HTTP.get(port, "/health/live") }
    }

    private final class Unready: Sendable {
        private let state = Mutex<[String]>([])
        var names: [String] { self.state.withLock { $0 } }
        func set(_ names: [String]) { self.state.withLock { $0 = names } }
    }

    private struct Report: Decodable, Equatable {
        let status: String
        let unready: [String]
    }

    @Test func `live is always 200, ready is 503 with the reasons`() async throws {
        try await self.withServer { port, unready in
            #expect(try await HTTP.get(port, "/health/ready").status == 200)
            unready.set(["broker: connection refused", "database: not reachable"])
            let answer = try await HTTP.get(port, "/health/ready")
            #expect(answer.status == 503)
            let report = try JSON.decode(Report.self, from: Array(answer.body.utf8))
            #expect(report == Report(status: "not_ready", unready: ["broker: connection refused", "database: not reachable"]))
            #expect(answer.head.lowercased().contains("cache-control: no-store"))
            #expect(try await HTTP.get(port, "/health/live").status == 200)
            unready.set([])
            #expect(try await HTTP.get(port, "/health/ready").status == 200)
        }
    }

    @Test func `metrics have Prometheus' text format`() async throws {
        try await self.withServer { port, _ in
            let answer = try await HTTP.get(port, "/metrics")
            #expect(answer.status == 200)
            #expect(answer.head.lowercased().contains("content-type: text/plain; version=0.0.4"))
            #expect(answer.body.contains("\nprocess_resident_memory_bytes "))
        }
    }

    @Test func `other paths get 404, other methods 405, and HEAD no body`() async throws {
        try await self.withServer { port, _ in
            #expect(try await HTTP.get(port, "/").status == 404)
            #expect(try await HTTP.get(port, "/metrics/").status == 404)
            let post = try await HTTP.get(port, "/metrics", method: "POST")
            #expect(post.status == 405)
            #expect(post.head.lowercased().contains("allow: get, head"))
            let head = try await HTTP.get(port, "/metrics", method: "HEAD")
            #expect((head.status, head.body) == (200, ""))
        }
    }

    @Test func `without METRICS_PORT there is no server`() throws {
        #expect(try HealthServer(settings: Settings(environment: [:]), logger: Logger(label: "test")) { [] } == nil)
    }
}

/// A minimal HTTP client for these tests: one request per connection.
enum HTTP {
    struct Answer {
        let status: Int
        let head: String
        let body: String
    }

    /// On its own thread: a blocking call would occupy a thread of the pool on which the server answers.
    static func get(_ port: Int, _ path: String, method: String = "GET") async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try Self.ask(port, path, method) }) }
        }
    }

    private static func ask(_ port: Int, _ path: String, _ method: String) throws -> Answer {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
        guard isConnected else { throw FixtureError("not connected") }
        let request = Array("\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".utf8)
        guard write(descriptor, request, request.count) == request.count else { throw FixtureError("not sent") }
        var (bytes, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let status = parts[0].split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw FixtureError("no answer")
        }
        return Answer(status: status, head: String(parts[0]), body: String(parts[1]))
    }
}
