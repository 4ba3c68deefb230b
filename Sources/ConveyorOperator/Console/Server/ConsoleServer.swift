import Conveyor
import FoundationEssentials
import Glibc
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import ServerTLS
import ServiceLifecycle
import Synchronization

/// The console's HTTP server: `CONSOLE_PORT` on `HOST`, with TLS if `TLS_CERT` and `TLS_KEY` are set.
final class ConsoleServer: Service {
    private let host: String
    private let port: Int
    private let tls: TLSConfiguration?
    private let logger: Logger
    private let router: @Sendable (_ isTLS: Bool) throws -> Router<ConsoleContext>
    private let listening = Atomic(false)

    /// Whether connections are answered.
    var isListening: Bool { self.listening.load(ordering: .relaxed) }

    /// - Throws: if a setting is wrong, or a TLS file cannot be read.
    init(settings: Settings, logger: Logger, router: @escaping @Sendable (_ isTLS: Bool) throws -> Router<ConsoleContext>) throws(SettingError) {
        self.host = try settings.require("HOST")
        self.port = try settings.int("CONSOLE_PORT", in: 1...65_535)
        self.tls = try ServerTLS.configuration(settings)
        self.logger = logger
        self.router = router
    }

    /// Serves until graceful shutdown.
    /// - Throws: `SettingError` if it cannot listen on the port.
    func run() async throws {
        var quiet = self.logger
        quiet.logLevel = max(.notice, quiet.logLevel)
        let plain = HTTPServerBuilder.http1(configuration: .init(idleTimeout: .seconds(60)))
        let logger = self.logger
        let application = Application(
            router: try self.router(self.tls != nil), server: try self.tls.map { try .tls(plain, tlsConfiguration: $0) } ?? plain,
            configuration: .init(address: .hostname(self.host, port: self.port), serverName: nil),
            onServerRunning: { channel in
                self.listening.store(true, ordering: .relaxed)
                logger.info("listening", metadata: ["port": .stringConvertible(channel.localAddress?.port ?? 0)])
            },
            logger: quiet)
        do {
            try await application.run()
        } catch {
            throw SettingError.listening(error, port: "CONSOLE_PORT")
        }
    }
}
