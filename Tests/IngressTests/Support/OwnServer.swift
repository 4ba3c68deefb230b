import Conveyor
import Fixtures
import Hummingbird
import Logging
import ServiceLifecycle
import Shop

@testable import Ingress

/// Runs the ingress's HTTP server in this process, with a test's own endpoints and limits, while `body` runs.
/// - Parameter settings: by default `TRUSTED_PROXIES` is this machine, so that a test can act as many clients.
func withServer<Result: Sendable>(
    _ settings: [String: String] = [:], limits: ServerLimits = ServerLimits(), routes: Routes, isolation: isolated (any Actor)? = #isolation,
    _ body: (_ port: Int, _ stop: @Sendable () async -> Void) async throws -> Result
) async throws -> Result {
    let port = try Port.free()
    var all = ["PORT": "\(port)", "RATE_LIMIT": "off", "TRUSTED_PROXIES": "127.0.0.1", "LOG_SAMPLE": "1"]
    all.merge(settings) { $1 }
    let logger = Logger(label: "own server") { _ in SwiftLogNoOpLogHandler() }
    let values = Settings(environment: all, of: .shop)
    let server = try HTTPServer(
        settings: values, logger: logger, routes: routes, rates: RateLimits(settings: values, requests: limits.requests), limits: limits)
    let group = ServiceGroup(configuration: .init(services: [server], logger: logger))
    let running = Task { try await group.run() }
    let stop: @Sendable () async -> Void = { await group.triggerGracefulShutdown() }
    do {
        try await eventually("the server") { RawClient.isAnswered(port: port) }
        let result = try await body(port, stop)
        await stop()
        try await running.value
        return result
    } catch {
        running.cancel()
        _ = try? await running.value
        throw error
    }
}
