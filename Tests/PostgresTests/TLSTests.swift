import Fixtures
import Postgres
import Testing

@Suite struct TLSTests {
    @Test func `verify-full accepts a server with a certificate of the authority, only under its name`() async throws {
        let authority = try await CertificateAuthority()
        let stranger = try await CertificateAuthority()
        try await withPrivatePostgres(certificate: authority.issue(for: "DNS:localhost")) { server in
            func url(host: String, believing authority: CertificateAuthority) -> String {
                "postgresql://postgres@\(host):\(server.port)/postgres?sslmode=verify-full&sslrootcert=\(authority.file)"
            }
            try await withPool(size: 1, url: url(host: "localhost", believing: authority)) { pool async throws in
                #expect(try await pool.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")[0][0, as: Bool.self])
            }
            try await withPool(size: 1, url: url(host: "127.0.0.1", believing: authority)) { pool in
                let error = try await postgresError { try await pool.query("SELECT 1") }
                #expect(error.kind == .unreachable)
                #expect(error.message.contains("does not match host name"))
            }
            try await withPool(size: 1, url: url(host: "localhost", believing: stranger)) { pool in
                let error = try await postgresError { try await pool.query("SELECT 1") }
                #expect(error.message.contains("certificate verify failed"))
            }
        }
    }
}
