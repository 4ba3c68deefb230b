import Conveyor
import HTTPTypes
import Hummingbird
import NIOCore
import Shop

/// `GET /`, health, metrics, and the pages behind a problem's `type`.
struct HealthController: Sendable {
    /// Returns the reasons why the ingress is not ready.
    let unready: @Sendable () async -> [String]
    /// False if `METRICS_PORT` gives the metrics their own port.
    let servesMetrics: Bool

    func add(to routes: inout Routes) {
        let root = Array(#"{"name":"conveyor","version":"\#(ConveyorVersion.current)"}"#.utf8)
        routes.on(.get, "/") { _, _ in .json(bytes: root, headers: [.cacheControl: "no-store"]) }
        let healthy = Array(#"{"status":"healthy"}"#.utf8)
        routes.on(.get, "/health") { _, _ in .json(bytes: healthy, headers: [.cacheControl: "no-store"]) }
        let live = Array(#"{"status":"live"}"#.utf8)
        routes.on(.get, "/health/live") { _, _ in .json(bytes: live, headers: [.cacheControl: "no-store"]) }
        routes.on(.get, "/health/ready") { [unready] _, _ in
            let report = HealthReport(unready: await unready())
            return .json(bytes: report.json, status: report.isReady ? .ok : .serviceUnavailable, headers: [.cacheControl: "no-store"])
        }
        if self.servesMetrics {
            routes.on(.get, "/metrics") { _, _ in
                Response(
                    status: .ok, headers: [.contentType: PrometheusMetrics.contentType, .cacheControl: "no-store"],
                    body: .init(byteBuffer: ByteBuffer(string: PrometheusMetrics.shared.render())))
            }
        }
        routes.on(.get, "/problems/{code}") { _, context in
            guard let code = Problem.Code.all.first(where: { $0.rawValue == context.parameter("code") }) else {
                throw Problem(.notFound, "There is no problem with this code.")
            }
            return Response(
                status: .ok, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "public, max-age=86400"],
                body: .init(byteBuffer: ByteBuffer(string: "\(code.rawValue) (\(code.status)): \(code.title).\n")))
        }
    }
}
