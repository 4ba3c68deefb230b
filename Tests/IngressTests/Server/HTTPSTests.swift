import Conveyor
import Fixtures
import FoundationEssentials
import Testing

/// `TLS_CERT` and `TLS_KEY`, tested with curl: HTTPS with HTTP/1.1 and HTTP/2.
@Suite struct HTTPSTests {
    @Test func `every answer works over both HTTP versions, and tells browsers to stay with TLS`() async throws {
        let shop = try await TestShop.shared()
        let authority = try await CertificateAuthority()
        let certificate = try await authority.issue(for: "IP:127.0.0.1")
        let large = try Scratch.file("large", String(repeating: " ", count: (1 << 20) + 1)).path
        try await shop.withIngress(["TLS_CERT": certificate.file, "TLS_KEY": certificate.key]) { api, _ in
            func curl(_ version: String, _ path: String, _ options: String...) async throws -> String {
                try await ChildProcess.run(
                    "curl", ["-sSi", "--max-time", "60", "--cacert", authority.file, version, "https://127.0.0.1:\(api.port)\(path)"] + options)
            }
            for (version, name) in [("--http1.1", "HTTP/1.1"), ("--http2", "HTTP/2")] {
                let health = try await curl(version, "/health")
                #expect(health.hasPrefix("\(name) 200"))
                #expect(health.contains(#/(?i)\r\nstrict-transport-security: max-age=\d+/#))
                #expect(try await curl(version, "/api/v1/orders", "-X", "TRACE").hasPrefix("\(name) 405"))
                #expect(try await curl(version, "/api/v1/cart").contains(#/(?i)\r\nwww-authenticate: Bearer/#))
                // The rest of the body is not read.
                let login = try await curl(
                    version, "/api/v1/auth/login", "-H", "Content-Type: application/json", "-H", "Expect:", "--data-binary", "@\(large)")
                #expect(login.hasPrefix("\(name) 413"))
                #expect(login.contains("too_large"))
            }
        }
    }

    @Test func `a stream that its client resets is not logged as an error`() async throws {
        let shop = try await TestShop.shared()
        let authority = try await CertificateAuthority()
        let certificate = try await authority.issue(for: "IP:127.0.0.1")
        try await shop.withIngress(["TLS_CERT": certificate.file, "TLS_KEY": certificate.key, "LOG_SAMPLE": "0"]) { api, process in
            // One byte of the body, then the client resets the stream.
            let client = try ChildProcess(
                "bash",
                [
                    "-c",
                    """
                    curl -sS --max-time 1 --cacert \(authority.file) --http2 -X POST -H 'Content-Type: application/json' -T . \
                        https://127.0.0.1:\(api.port)/api/v1/auth/login < <(printf '{'; sleep 30)
                    """,
                ])
            _ = try await client.waitForExit(within: .seconds(30))
            try await process.waits(for: #""route":"/api/v1/auth/login""#)
            #expect(!process.output.contains("failed unexpectedly"))
        }
    }
}
