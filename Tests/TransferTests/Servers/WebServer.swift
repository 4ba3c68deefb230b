import Fixtures
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import Synchronization

/// Facts about the connection for a handler.
struct WebContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The client's port, which differs for each connection.
    let clientPort: Int

    init(source: ApplicationRequestContextSource) {
        self.coreContext = .init(source: source)
        // An HTTP/2 request has its own channel below the connection's.
        self.clientPort = source.channel.remoteAddress?.port ?? source.channel.parent?.remoteAddress?.port ?? 0
    }
}

enum WebServer {
    /// Runs a server on a free port of the loopback while `body` runs.
    static func run<Result: Sendable>(
        certificate: CertificateAuthority.Certificate? = nil, routes: @Sendable (Router<WebContext>) -> Void = WebServer.routes,
        _ body: @escaping @Sendable (_ port: Int) async throws -> Result
    ) async throws -> Result {
        let router = Router(context: WebContext.self)
        routes(router)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        var server = HTTPServerBuilder.http1()
        if let certificate {
            let tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(certificate.file).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: certificate.key, format: .pem)))
            server = try .http2Upgrade(tlsConfiguration: tls)
        }
        var application = Application(
            router: router, server: server, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) })
        application.logger.logLevel = .critical
        let service = application
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await service.run()
                return nil
            }
            group.addTask {
                for await port in ports { return try await body(port) }
                return nil
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    /// `/echo` repeats the request in headers and body; `/status/418` has that status; `/redirect` a 302; `/long` 100,000 bytes.
    @Sendable static func routes(_ router: Router<WebContext>) {
        for method in [HTTPRequest.Method.get, .head, .post, .put, .patch, .delete] {
            router.on("echo", method: method) { request, context in
                var headers: HTTPFields = [.init("X-Client-Port")!: "\(context.clientPort)", .init("X-Method")!: request.method.rawValue]
                for field in request.headers { headers.append(.init(name: .init("X-Got-\(field.name)")!, value: field.value)) }
                let body = try await request.body.collect(upTo: 1 << 24)
                return Response(status: .ok, headers: headers, body: .init(byteBuffer: body))
            }
        }
        router.get("status/:status") { _, context in
            Response(status: .init(code: try context.parameters.require("status", as: Int.self)), body: .init(byteBuffer: ByteBuffer(string: "so")))
        }
        router.get("redirect") { _, _ in Response(status: .found, headers: [.location: "http://127.0.0.1:1/"]) }
        router.get("long") { _, _ in Response(status: .ok, body: .init(byteBuffer: ByteBuffer(repeating: 0x61, count: 100_000))) }
        router.get("long-in-chunks") { _, _ in
            Response(
                status: .ok,
                body: .init { writer in
                    for _ in 0..<100 { try await writer.write(ByteBuffer(repeating: 0x61, count: 1000)) }
                    try await writer.finish(nil)
                })
        }
    }
}
