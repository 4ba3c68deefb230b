import FoundationEssentials
import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import HummingbirdTLS
import Kit
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle

/// The HTTP server: HTTP/1.1, or with `TLS_CERT` and `TLS_KEY` HTTPS with HTTP/2.
struct HTTPServer: Service {
    private let application: any Service
    private let port: Int

    /// What waits in the kernel to be accepted.
    private static let backlog = 1024

    init(settings: Settings, logger: Logger, routes: Routes, limits: RateLimits) throws {
        let isTLS = settings.isSet("TLS_CERT") || settings.isSet("TLS_KEY")
        let router = Router(context: IngressContext.self, options: [.autoGenerateHeadEndpoints])
        router.add(middleware: try RequestScope(settings: settings, routes: routes, isTLS: isTLS, logger: logger))
        router.add(middleware: try CORS(settings: settings))
        router.add(middleware: limits)
        router.add(middleware: Compression())
        for route in routes.all { router.on(RouterPath(route.path), method: route.method, use: route.answer) }

        // Its own lines are about connections; requests are logged by `RequestScope`.
        var quiet = logger
        quiet.logLevel = max(.notice, quiet.logLevel)
        self.port = try settings.int("PORT", in: 1...65_535)
        self.application = Application(
            responder: router.buildResponder(), server: isTLS ? try Self.https(settings) : Self.http,
            configuration: .init(
                address: .hostname(try settings.require("HOST"), port: self.port), serverName: nil, backlog: Self.backlog,
                availableConnectionsDelegate: .maximum(Self.connectionLimit(), logger: quiet)),
            logger: quiet)
    }

    /// Each connection takes a file descriptor: as many as the system lets this process have, but for what it needs itself. Who comes then waits in
    /// the kernel.
    private static func connectionLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 512 }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return max(64, min(Int(clamping: limit.rlim_cur), 200_000) - 256)
    }

    /// - Throws: `SettingError` if the port cannot be listened on.
    func run() async throws {
        do {
            try await self.application.run()
        } catch {
            throw SettingError.listening(error, port: "PORT")
        }
    }

    /// A client that sends nothing for a minute is let go, so slow ones do not pile up; headers beyond 32 KiB are refused.
    private static let http1 = HTTP1Channel.Configuration(
        additionalChannelHandlers: [ConnectionGuardInstaller(bodyLimit: Request.largestBody)], idleTimeout: .seconds(60),
        httpDecoderConfiguration: .init(maxHeaderFieldSize: 16 * 1024, maxHeaderListSize: 32 * 1024, maxHeaderFieldCount: 100))

    private static let http = HTTPServerBuilder { responder in LoopChannel(base: HTTP1Channel(responder: responder, configuration: Self.http1)) }

    private static func https(_ settings: Settings) throws -> HTTPServerBuilder {
        let certificates: [NIOSSLCertificateSource]
        let key: NIOSSLPrivateKeySource
        do {
            certificates = try NIOSSLCertificate.fromPEMFile(settings.require("TLS_CERT")).map { .certificate($0) }
        } catch let error as NIOSSLError {
            throw SettingError(name: "TLS_CERT", reason: "is no file of certificates in PEM (\(error))")
        }
        do {
            key = .privateKey(try NIOSSLPrivateKey(file: settings.require("TLS_KEY"), format: .pem))
        } catch let error as NIOSSLError {
            throw SettingError(name: "TLS_KEY", reason: "is no file of a private key in PEM (\(error))")
        }
        let tls = TLSConfiguration.makeServerConfiguration(certificateChain: certificates, privateKey: key)
        do { _ = try NIOSSLContext(configuration: tls) } catch {
            throw SettingError(name: "TLS_KEY", reason: "is not the key of the certificate in TLS_CERT (\(error))")
        }
        return try .http2Upgrade(
            tlsConfiguration: tls, configuration: .init(idleTimeout: .seconds(60), streamConfiguration: Self.http1))
    }
}
