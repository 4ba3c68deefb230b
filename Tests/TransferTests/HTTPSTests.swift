import Fixtures
import Testing

@testable import Transfer

@Suite struct HTTPSTests {
    @Test func `a certificate of the given authority is trusted, and a burst shares one HTTP/2 connection`() async throws {
        let certificates = try await TestCertificates.shared()
        let client = try HTTPClient(userAgent: "conveyor/1.2.3", caFile: certificates.authority.file)
        try await WebServer.run(certificate: certificates.good) { port in
            let ports = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await client.send(HTTPRequest(url: "https://localhost:\(port)/echo")).headers["X-Client-Port"] }
                }
                return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
            }
            #expect(ports.count == 1)
            #expect(!ports.contains(nil))
        }
    }

    @Test func `an untrusted, foreign or expired certificate is refused before anything is sent`() async throws {
        let certificates = try await TestCertificates.shared()
        let knowing = try HTTPClient(userAgent: "conveyor/1.2.3", caFile: certificates.authority.file)
        let plain = try HTTPClient(userAgent: "conveyor/1.2.3")
        for (client, certificate) in [(plain, certificates.good), (knowing, certificates.otherHost), (knowing, certificates.expired)] {
            try await WebServer.run(certificate: certificate) { port in
                let error = await #expect(throws: TransferError.self) {
                    try await client.send(HTTPRequest(.post, url: "https://localhost:\(port)/echo", body: [1]))
                }
                #expect(error?.code == .certificateRefused)
                #expect(error?.mayHaveBeenSent == false)
            }
        }
    }

    @Test func `without a folder of authorities, the system's bundle and the given file are trusted together`() async throws {
        let certificates = try await TestCertificates.shared()
        let system = "/etc/ssl/certs/ca-certificates.crt"
        try await WebServer.run(certificate: certificates.good) { port in
            for (extra, bundle) in [(certificates.authority.file, system), (nil, certificates.authority.file)] {
                let trust = try TrustStore(extra: extra, folder: "/no/such/folder", bundle: bundle)
                let client = try HTTPClient(userAgent: "conveyor/1.2.3", trust: trust)
                #expect(try await client.send(HTTPRequest(url: "https://localhost:\(port)/echo")).status == 200)
            }
            let client = try HTTPClient(userAgent: "conveyor/1.2.3", trust: TrustStore(extra: nil, folder: nil, bundle: system))
            await #expect(throws: TransferError.self) { try await client.send(HTTPRequest(url: "https://localhost:\(port)/echo")) }
        }
    }

    @Test(arguments: ["/no/such/file", "/etc/hostname"])
    func `an unreadable or empty CA file is refused when the client is made`(file: String) {
        let error = #expect(throws: TransferError.self) { try HTTPClient(userAgent: "conveyor/1.2.3", caFile: file) }
        #expect(error?.code == .badCAFile)
    }
}
