import FoundationEssentials

/// A certificate authority made by openssl.
public struct CertificateAuthority: Sendable {
    /// A certificate and its key.
    public struct Certificate: Sendable {
        /// The certificate (PEM).
        public let file: String
        /// The key (PEM).
        public let key: String
    }

    /// The authority's certificate, for clients (`sslrootcert`, `cacert`).
    public let file: String
    private let folder: URL
    private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    /// A new one.
    public init() async throws {
        self.folder = try Scratch.folder("authority")
        self.file = self.folder.appending(path: "ca.crt").path
        try await ChildProcess.run(
            "openssl",
            ["req", "-x509", "-days", "2", "-subj", "/CN=Test authority", "-keyout", "\(self.folder.path)/ca.key", "-out", self.file] + Self.newKey)
    }

    /// Signs a certificate.
    /// - Parameters:
    ///   - names: the entries of `subjectAltName`: `DNS:localhost`, `IP:127.0.0.1`.
    ///   - isExpired: whether it expired yesterday.
    public func issue(for names: String..., isExpired: Bool = false) async throws -> Certificate {
        let base = self.folder.appending(path: UUID().uuidString).path
        let made = Certificate(file: base + ".crt", key: base + ".key")
        try await ChildProcess.run("openssl", ["req", "-subj", "/CN=server", "-keyout", made.key, "-out", base + ".csr"] + Self.newKey)
        try Data("subjectAltName=\(names.joined(separator: ","))\n".utf8).write(to: URL(filePath: base + ".extensions"))
        try await ChildProcess.run(
            "openssl",
            [
                "x509", "-req", "-days", isExpired ? "-1" : "2", "-in", base + ".csr", "-CA", self.file, "-CAkey", "\(self.folder.path)/ca.key",
                "-set_serial", "\(UInt32.random(in: 1...UInt32.max))", "-extfile", base + ".extensions", "-out", made.file,
            ])
        return made
    }
}
