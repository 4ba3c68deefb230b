import Conveyor
import Fixtures
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Shop
import Testing

@testable import Ingress

/// Connections that arrive while the server stops.
@Suite struct AcceptedTests {
    @Test func `a connection that the server drops on accepting it is closed`() async throws {
        let channel = ClientChannel(
            base: HTTP1Channel { _, _, _ in }, clients: try ClientAddress(settings: Settings(environment: [:], of: .shop)), limits: ServerLimits(),
            connections: ConcurrencyLimit(8))
        let logger = Logger(label: "dropped") { _ in SwiftLogNoOpLogHandler() }
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel.setup(channel: $0, logger: logger).map { _ in } }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        for _ in 0..<20 {
            let client = RawClient(port: port)
            try await eventually("the connection to be closed") { client.isClosed }
        }
        try await server.close()
    }

    private static func connect(to port: Int) async {
        for _ in 0..<50 { _ = RawClient.isAnswered(port: port) }
    }

    @Test func `a server that stops while clients connect ends in order`() async throws {
        for _ in 0..<10 {
            try await withServer(routes: Routes()) { port, stop in
                async let one: Void = Self.connect(to: port)
                async let other: Void = Self.connect(to: port)
                await stop()
                _ = await (one, other)
            }
        }
    }
}
