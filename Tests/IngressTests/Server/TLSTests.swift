import Conveyor
import Fixtures
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import Ingress

/// TLS and HTTP/2 with misbehaving clients.
@Suite struct TLSTests {
    private static func withTLS(
        _ limits: ServerLimits = ServerLimits(), routes: Routes = Routes(), _ body: (_ port: Int, CertificateAuthority) async throws -> Void
    ) async throws {
        let authority = try await CertificateAuthority()
        let certificate = try await authority.issue(for: "IP:127.0.0.1")
        try await withServer(["TLS_CERT": certificate.file, "TLS_KEY": certificate.key], limits: limits, routes: routes) { port, _ in
            try await body(port, authority)
        }
    }

    /// The protocol and suite that the server chooses for a client that offers these; nil if it chooses none.
    private static func agreed(_ port: Int, _ options: String...) async throws -> String? {
        let client = try ChildProcess("openssl", ["s_client", "-connect", "127.0.0.1:\(port)", "-brief"] + options, input: "")
        _ = try await client.waitForExit(within: .seconds(30))
        return client.output.contains("CONNECTION ESTABLISHED") ? client.output : nil
    }

    @Test func `only TLS 1.2 and newer with forward secrecy is supported`() async throws {
        try await Self.withTLS { (port, _) async throws in
            let weak = "ALL:@SECLEVEL=0"
            for version in ["-tls1", "-tls1_1"] { #expect(try await Self.agreed(port, version, "-cipher", weak) == nil, "\(version)") }
            for suite in ["AES128-SHA", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384"] {
                #expect(try await Self.agreed(port, "-tls1_2", "-cipher", "\(suite):@SECLEVEL=0") == nil, "\(suite)")
            }
            #expect(try await Self.agreed(port, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")?.contains("TLSv1.2") == true)
            #expect(try await Self.agreed(port, "-tls1_3")?.contains("TLSv1.3") == true)
        }
    }

    @Test func `a stalled handshake is ended, an established connection is not`() async throws {
        var limits = ServerLimits()
        limits.handshakeTime = .milliseconds(500)
        try await Self.withTLS(limits) { port, _ in
            let idle = try ChildProcess("bash", ["-c", "exec openssl s_client -connect 127.0.0.1:\(port) -brief < <(sleep 60)"])
            try await idle.waits(for: "CONNECTION ESTABLISHED")
            let silent = RawClient(port: port)
            let half = RawClient(port: port)
            half.write([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])
            try await eventually("the end of both") { silent.isClosed && half.isClosed }
            #expect(idle.isRunning)
            _ = try await idle.stop()
        }
    }

    @Test func `an incomplete body over HTTP 2 is given up`() async throws {
        var limits = ServerLimits()
        limits.bodyTime = .milliseconds(500)
        var routes = Routes()
        routes.on(.post, "/body") { request, _ in
            _ = try await request.bytes()
            return Response(status: .ok)
        }
        try await Self.withTLS(limits, routes: routes) { port, authority in
            // One byte, then nothing for ten times the limit: curl shows the answer only when its input ends. A server that waited would answer 200.
            let answer = try await ChildProcess.run(
                "bash",
                [
                    "-c",
                    """
                    curl -sSi --max-time 30 --cacert \(authority.file) --http2 -X POST -T . https://127.0.0.1:\(port)/body < <(printf '{'; sleep 5)
                    """,
                ])
            #expect(answer.hasPrefix("HTTP/2 408"))
        }
    }

    private final class Count: Sendable {
        let givenUp = Atomic(0)
    }

    @Test func `a client that does not read its answer over HTTP 2 is disconnected`() async throws {
        var limits = ServerLimits()
        limits.writeTime = .milliseconds(300)
        let count = Count()
        var routes = Routes()
        routes.on(.get, "/endless") { _, _ in
            Response(
                status: .ok,
                body: .init { writer in
                    let piece = ByteBuffer(repeating: 0x78, count: 1 << 16)
                    do {
                        while true { try await writer.write(piece) }
                    } catch {
                        count.givenUp.add(1, ordering: .relaxed)
                        throw error
                    }
                })
        }
        try await Self.withTLS(limits, routes: routes) { port, authority in
            let client = try ChildProcess(
                "curl",
                ["-sS", "--http2", "--limit-rate", "1", "--cacert", authority.file, "-o", "/dev/null", "https://127.0.0.1:\(port)/endless"])
            try await eventually("the end of it") { count.givenUp.load(ordering: .relaxed) == 1 }
            _ = try await client.stop()
        }
    }
}
