import Conveyor
import FoundationEssentials
import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import ServerTLS
import ServiceLifecycle

/// The HTTP server: HTTP/1.1, or with `TLS_CERT` and `TLS_KEY` HTTPS with HTTP/2.
struct HTTPServer: Service {
    private let application: any Service
    private let port: Int

    /// The backlog of `listen(2)`.
    private static let backlog = 1024

    /// - Parameter rates: the limits of requests over time; `limits` are those at one time.
    init(settings: Settings, logger: Logger, routes: Routes, rates: RateLimits, limits: ServerLimits) throws {
        let tls = try ServerTLS.configuration(settings)
        let clients = try ClientAddress(settings: settings)
        let router = Router(context: IngressContext.self, options: [.autoGenerateHeadEndpoints])
        router.add(middleware: try RequestScope(settings: settings, routes: routes, clients: clients, isTLS: tls != nil, logger: logger))
        router.add(middleware: try CORS(settings: settings))
        router.add(middleware: rates)
        router.add(middleware: Compression())
        for route in routes.all { router.on(RouterPath(route.path), method: route.method, use: route.answer) }

        // Its own log lines concern connections; `RequestScope` logs requests.
        var quiet = logger
        quiet.logLevel = max(.notice, quiet.logLevel)
        self.port = try settings.int("PORT", in: 1...65_535)
        let responder = router.buildResponder()
        self.application = Application(
            responder: responder, server: Self.server(tls, clients, limits) { try await responder.respond(to: $0, context: $1) },
            configuration: .init(
                address: .hostname(try settings.require("HOST"), port: self.port), serverName: nil, backlog: Self.backlog,
                availableConnectionsDelegate: .maximum(Self.connectionLimit(), logger: quiet)),
            logger: quiet)
    }

    /// The limit of connections, each of which takes a file descriptor: the process limit minus its own needs. Further clients wait in the kernel.
    private static func connectionLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 512 }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return max(64, min(Int(clamping: limit.rlim_cur), 200_000) - 256)
    }

    /// - Throws: `SettingError` if the server cannot listen on the port.
    func run() async throws {
        do {
            try await self.application.run()
        } catch {
            throw SettingError.listening(error, port: "PORT")
        }
    }

    private static func server(
        _ tls: TLSConfiguration?, _ clients: ClientAddress, _ limits: ServerLimits, _ answer: @escaping WholeRequestHandler.Responder
    ) -> HTTPServerBuilder {
        let policy = ConnectionPolicy(clients: clients, limits: limits, bodyLimit: Request.largestBody)
        let connections = ConcurrencyLimit<IPAddress>(limits.connections)
        // Heads of more than 32 KiB are refused.
        let http1 = HTTP1Channel.Configuration(
            additionalChannelHandlers: [GuardInstaller(policy)], idleTimeout: limits.keepAlive,
            httpDecoderConfiguration: .init(maxHeaderFieldSize: 16 * 1024, maxHeaderListSize: 32 * 1024, maxHeaderFieldCount: 100))
        guard let tls else {
            return HTTPServerBuilder { responder in
                LoopChannel(
                    base: ClientChannel(
                        base: HTTP1Channel(responder: responder, configuration: http1), clients: clients, limits: limits, connections: connections,
                        responder: answer))
            }
        }
        let http2 = HTTP2ChannelConfiguration(idleTimeout: .nanoseconds(limits.keepAlive.nanoseconds), streamConfiguration: http1)
        return HTTPServerBuilder { responder in
            ClientChannel(
                base: try HTTP2UpgradeChannel(tlsConfiguration: tls, configuration: http2, responder: responder), clients: clients, limits: limits,
                connections: connections)
        }
    }
}
