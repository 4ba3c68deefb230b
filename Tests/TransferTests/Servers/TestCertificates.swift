import Fixtures

/// A certificate authority and its certificates: for this host, for another host, and expired.
struct TestCertificates {
    let authority: CertificateAuthority
    let good: CertificateAuthority.Certificate
    let otherHost: CertificateAuthority.Certificate
    let expired: CertificateAuthority.Certificate

    /// Made once per run.
    static func shared() async throws -> TestCertificates { try await Self.made.value }

    private static let made = Task {
        let authority = try await CertificateAuthority()
        return TestCertificates(
            authority: authority, good: try await authority.issue(for: "DNS:localhost", "IP:127.0.0.1"),
            otherHost: try await authority.issue(for: "DNS:elsewhere.example"),
            expired: try await authority.issue(for: "DNS:localhost", "IP:127.0.0.1", isExpired: true))
    }
}
