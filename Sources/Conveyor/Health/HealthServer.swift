import FoundationEssentials
import HTTPTypes
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle

/// `/health/live`, `/health/ready` and `/metrics` on a port of their own, for supervisors and Prometheus.
///
/// One event loop thread, and nothing shared with the part's work but what `unready` asks.
public struct HealthServer: Service {
    private let host: String
    private let port: Int
    private let logger: Logger
    private let unready: @Sendable () async -> [String]

    /// Never shut down: it ends with the process, and what the server leaves behind may still run a moment on it.
    private static let thread = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// Nil if `METRICS_PORT` is not set.
    /// - Parameter unready: what keeps the part from working, by name, e.g. `broker: connection refused`; empty if nothing does.
    /// - Throws: `METRICS_PORT` is no port.
    public init?(settings: Settings, logger: Logger, unready: @escaping @Sendable () async -> [String]) throws(SettingError) {
        guard settings.isSet("METRICS_PORT") else { return nil }
        self.port = try settings.int("METRICS_PORT", in: 1...65_535)
        self.host = try settings.require("HOST")
        self.logger = logger
        self.unready = unready
    }

    /// Serves until graceful shutdown.
    /// - Throws: `SettingError` if the port cannot be listened on.
    public func run() async throws {
        // Its debug lines are about connections of Prometheus.
        var quiet = self.logger
        quiet.logLevel = max(.notice, quiet.logLevel)
        let responder = HealthResponder(unready: self.unready)
        // The server alone, without the framework around it: that would bring in all of Foundation, which is most of a worker's memory.
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
