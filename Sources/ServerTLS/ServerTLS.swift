public import Conveyor
public import NIOSSL

/// The TLS configuration of all HTTP servers, from the settings `TLS_CERT` and `TLS_KEY`.
public enum ServerTLS {
    /// Suites of TLS 1.2 with forward secrecy and authenticated encryption (RFC 9325, section 4.2). All suites of TLS 1.3 have both.
    private static let suites: [NIOTLSCipher] = [
        .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]

    /// The configuration: at least TLS 1.2; nil if neither setting is set.
    /// - Throws: if one of the two is missing or is not a PEM file, or they do not belong together.
    public static func configuration(_ settings: Settings) throws(SettingError) -> TLSConfiguration? {
        guard settings.isSet("TLS_CERT") || settings.isSet("TLS_KEY") else { return nil }
        let certificate = try settings.require("TLS_CERT")
        let chain: [NIOSSLCertificate]
        do { chain = try NIOSSLCertificate.fromPEMFile(certificate) } catch {
            throw SettingError(name: "TLS_CERT", reason: "is not a PEM file of certificates")
        }
        let key = try settings.require("TLS_KEY")
        let privateKey: NIOSSLPrivateKey
        do { privateKey = try NIOSSLPrivateKey(file: key, format: .pem) } catch {
            throw SettingError(name: "TLS_KEY", reason: "is no file of a private key in PEM")
        }
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        tls.minimumTLSVersion = .tlsv12
        tls.cipherSuiteValues = Self.suites
        do { _ = try NIOSSLContext(configuration: tls) } catch {
            throw SettingError(name: "TLS_KEY", reason: "is not the key of the certificate in TLS_CERT")
        }
        return tls
    }
}
