import Foundation

/// A certificate authority of our own and a server certificate that it signed, made by openssl.
public struct Certificates: Sendable {
    /// The authority's certificate, for clients (`sslrootcert`, `cacert`).
    public let authority: String
    /// The server's certificate.
    public let certificate: String
    /// The server's key.
    public let key: String

    /// Makes them in `folder`; the server's is valid for the DNS name `localhost` only, not for `127.0.0.1`.
    public static func make(in folder: String) async throws -> Certificates {
        let made = Certificates(authority: "\(folder)/ca.crt", certificate: "\(folder)/server.crt", key: "\(folder)/server.key")
        let openssl = "/usr/bin/openssl"
        let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try await Command.run(
            openssl,
            ["req", "-x509", "-days", "2", "-subj", "/CN=Test authority", "-keyout", "\(folder)/ca.key", "-out", made.authority] + newKey)
        try await Command.run(
            openssl, ["req", "-subj", "/CN=localhost", "-keyout", made.key, "-out", "\(folder)/server.csr"] + newKey)
        try Data("subjectAltName=DNS:localhost\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/server.ext"))
        try await Command.run(
            openssl,
            [
                "x509", "-req", "-days", "2", "-in", "\(folder)/server.csr", "-CA", made.authority, "-CAkey", "\(folder)/ca.key",
                "-CAcreateserial", "-extfile", "\(folder)/server.ext", "-out", made.certificate,
            ])
        return made
    }
}
