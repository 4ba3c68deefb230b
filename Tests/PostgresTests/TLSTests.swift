import Fixtures
import Postgres
import Testing

@Suite struct TLSTests {
    @Test func `verify-full takes the server that the authority vouches for, by its name only`() async throws {
        let server = try await PrivateDatabase.started(tls: true)
        let port = try #require(server.port)
        let authority = try #require(server.certificates?.authority)
        let parameters = "sslmode=verify-full&sslrootcert=\(authority)"

        try await withPool(size: 1, url: "postgresql://postgres@localhost:\(port)/postgres?\(parameters)") { pool async throws in
            #expect(try await pool.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")[0][0, as: Bool.self])
        }
        // The certificate is for localhost.
        try await withPool(size: 1, url: "postgresql://postgres@127.0.0.1:\(port)/postgres?\(parameters)") { pool in
            let error = try await postgresError { try await pool.query("SELECT 1") }
            #expect(error.kind == .unreachable)
            #expect(error.message.contains("does not match host name"))
        }
        let stranger = try await PrivateDatabase.started(tls: true)
        let other = try #require(stranger.certificates?.authority)
        try await withPool(size: 1, url: "postgresql://postgres@localhost:\(port)/postgres?sslmode=verify-full&sslrootcert=\(other)") { pool in
            let error = try await postgresError { try await pool.query("SELECT 1") }
            #expect(error.message.contains("certificate verify failed"))
        }
        try await server.stop(.immediate)
        try await stranger.stop(.immediate)
    }
}
