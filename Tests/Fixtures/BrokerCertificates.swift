import Foundation

/// A certificate authority, and a server's certificate by it, made by openssl.
public struct BrokerCertificates: Sendable {
    /// The authority's certificate (PEM).
    public let authority: String
    /// The server's certificate (PEM).
    public let certificate: String
    /// The server's key (PEM).
    public let key: String

    /// Makes them in `folder`.
    /// - Parameter names: What the server's certificate is for, as in its `subjectAltName`: `DNS:localhost`, `IP:127.0.0.1`.
    public static func made(for names: [String], in folder: String) async throws -> BrokerCertificates {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let (authority, authorityKey) = ("\(folder)/ca.pem", "\(folder)/ca.key")
        let (certificate, key, request) = ("\(folder)/server.pem", "\(folder)/server.key", "\(folder)/server.csr")
        let openssl = "/usr/bin/openssl"
        try await Subprocess.run(
            openssl,
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=Test CA", "-keyout",
                authorityKey, "-out", authority,
            ])
        try await Subprocess.run(
            openssl,
            ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test", "-keyout", key, "-out", request])
        let extensions = "\(folder)/extensions"
        try Data("subjectAltName=\(names.joined(separator: ","))\n".utf8).write(to: URL(fileURLWithPath: extensions))
        try await Subprocess.run(
            openssl,
            [
                "x509", "-req", "-in", request, "-CA", authority, "-CAkey", authorityKey, "-CAcreateserial", "-days", "2", "-extfile", extensions,
                "-out", certificate,
            ])
        return BrokerCertificates(authority: authority, certificate: certificate, key: key)
    }
}
