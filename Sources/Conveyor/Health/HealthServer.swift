import FoundationEssentials
import HTTPTypes
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle

/// `/health/live`, `/health/ready` and `/metrics` on their own port, for supervisors and Prometheus.
///
/// It has its own event loop thread, and shares only `unready` with the process' work.
public struct HealthServer: Service {
    private let host: String
    private let port: Int
    private let logger: Logger
    private let unready: @Sendable () async -> [String]

    /// Never shut down: it ends with the process, and the server's remaining work may still use it for a moment.
    private static let thread = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// nil if `METRICS_PORT` is not set.
    /// - Parameter unready: the reasons why the process is not ready, e.g. `broker: connection refused`; empty if it is.
    /// - Throws: if `METRICS_PORT` is not a port.
    public init?(settings: Settings, logger: Logger, unready: @escaping @Sendable () async -> [String]) throws(SettingError) {
        guard settings.isSet("METRICS_PORT") else { return nil }
        self.port = try settings.int("METRICS_PORT", in: 1...65_535)
        self.host = try settings.require("HOST")
        self.logger = logger
        self.unready = unready
    }

    /// Serves until graceful shutdown.
    /// - Throws: `SettingError` if it cannot listen on the port.
    public func run() async throws {
        // Its debug lines concern Prometheus' connections.
        var quiet = self.logger
        quiet.logLevel = max(.notice, quiet.logLevel)
        let responder = HealthResponder(unready: self.unready)
        // Only the server, without its framework, which would link all of Foundation: most of a worker's memory.
        let server = try HTTPServerBuilder.http1(configuration: .init(idleTimeout: .seconds(60))).buildServer(
            configuration: .init(address: .hostname(self.host, port: self.port)), eventLoopGroup: Self.thread, logger: quiet
        ) { request, writer, _ in
            let response = await responder.respond(to: request)
            try await writer.write(response: response.head, body: response.body)
        }
        do {
            try await server.run()
        } catch {
            throw SettingError.listening(error, port: "METRICS_PORT")
        }
    }
}
