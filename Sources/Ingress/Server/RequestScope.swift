import Conveyor
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Postgres
import Shop

/// The outermost layer of every request: ids, the answer to errors, common headers, one log line, metrics.
struct RequestScope: RouterMiddleware {
    typealias Context = IngressContext

    private let routes: Routes
    private let clients: ClientAddress
    private let securityHeaders: [HTTPField]
    private let logger: Logger
    private let successLog: SampledLog
    private let securityLog: SecurityLog

    init(settings: Settings, routes: Routes, clients: ClientAddress, isTLS: Bool, logger: Logger) throws {
        self.routes = routes
        self.clients = clients
        self.logger = logger
        self.successLog = SampledLog(logger: logger, perSecond: try settings.int("LOG_SAMPLE", in: 0...1_000_000))
        self.securityLog = SecurityLog(logger: logger)
        var headers: HTTPFields = [
            .xContentTypeOptions: "nosniff", .xFrameOptions: "DENY", .referrerPolicy: "no-referrer",
            .contentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'",
        ]
        if isTLS { headers[.strictTransportSecurity] = Self.onlyTLS }
        self.securityHeaders = Array(headers)
    }

    private static let onlyTLS = "max-age=31536000; includeSubDomains"

    func handle(_ request: Request, context: IngressContext, next: (Request, IngressContext) async throws -> Response) async throws -> Response {
        let began = ContinuousClock.now
        var context = context
        context.requestID = RequestIdentity.requestID(request.headers[.xRequestID])
        let peer = context.peer
        let isProxied = self.clients.isTrusted(peer)
        context.trace = RequestTrace(
            method: RequestIdentity.knownMethod(request.method), traceparent: request.headers[.traceparent], isTrusted: isProxied)
        context.client = isProxied ? self.clients.client(of: request.headers, peer: peer) : peer
        var response: Response
        var refusal: Problem.Code?
        do {
            guard Self.isCanonical(request.uri.path) else { throw HTTPError(.notFound) }
            response = try await next(request, context)
        } catch {
            response = self.answer(to: error, request, context)
            refusal = (error as? Problem)?.code ?? (error as? Refusal)?.problem.code
            if request.method == .head { response = response.createHeadResponse() }
        }
        response.headers[.xRequestID] = context.requestID
        // Pages have their own policy.
        let hasPolicy = response.headers.contains(.contentSecurityPolicy)
        for field in self.securityHeaders where !(hasPolicy && field.name == .contentSecurityPolicy) { response.headers.append(field) }
        // A trusted proxy terminates TLS in front of the server.
        if isProxied, request.headers[.xForwardedProto]?.lowercased() == "https", !response.headers.contains(.strictTransportSecurity) {
            response.headers[.strictTransportSecurity] = Self.onlyTLS
        }
        self.report(request, response, context, took: ContinuousClock.now - began, refusal)
        return response
    }

    /// Whether no segment of a path is empty: each resource has one address, on which caches, limits and idempotency keys rely.
    private static func isCanonical(_ path: String) -> Bool {
        var last: UInt8 = 0
        for byte in path.utf8 {
            if byte == UInt8(ascii: "/"), last == byte { return false }
            last = byte
        }
        return last != UInt8(ascii: "/") || path.utf8.count == 1
    }

    private func answer(to error: any Error, _ request: Request, _ context: IngressContext) -> Response {
        if let problem = (error as? PostgresError)?.problem { return .problem(problem, request, context) }
        switch error {
        case let refusal as Refusal: return .problem(refusal.problem, request, context, headers: refusal.headers)
        case let problem as Problem: return .problem(problem, request, context)
        case let error as HTTPError where error.status == .notFound:
            let path = request.uri.path
            let methods = path == "*" ? Routes.knownMethods : Self.isCanonical(path) ? self.routes.methods(of: path) : []
            guard !methods.isEmpty else { return .problem(Problem(.notFound, "There is nothing at this path."), request, context) }
            let allowed = methods.joined(separator: ", ")
            if request.method == .options { return Response(status: .noContent, headers: [.allow: allowed]) }
            return .problem(
                Problem(.methodNotAllowed, "This path supports \(allowed)."), request, context, headers: [.allow: allowed])
        case let error as HTTPError where error.status == .contentTooLarge:
            return .problem(Problem(.tooLarge, "The body is too large."), request, context, headers: [.connection: "close"])
        case let error as HTTPParserError: return .problem(Problem(error), request, context, headers: [.connection: "close"])
        case is ConnectionLost, is ChannelError, is IOError, is CancellationError:
            return .problem(Problem(.badRequest, "The connection was lost."), request, context, headers: [.connection: "close"])
        default:
            let (method, route) = (RequestIdentity.knownMethod(request.method), context.endpointPath ?? "unknown")
            self.logger.error(
                "a request failed unexpectedly: \(error)", metadata: ["request_id": .string(context.requestID), "route": .string(route)])
            Sentry.report(.failedRequest(error, method: method, route: route, requestID: context.requestID, context.trace))
            return .problem(Problem(.internalError, "Something went wrong. The error has been reported."), request, context)
        }
    }

    private func report(_ request: Request, _ response: Response, _ context: IngressContext, took: Duration, _ refusal: Problem.Code?) {
        let route = context.endpointPath.map { $0 == "NotFound" ? "unknown" : $0 } ?? "unknown"
        let method = RequestIdentity.knownMethod(request.method)
        let seconds = took / .seconds(1)
        Metrics.httpRequest(method: method, route: route, status: response.status.code, seconds: seconds)
        self.securityLog.note(request, context, route: route, status: response.status.code, code: refusal)
        func metadata() -> Logger.Metadata {
            var metadata: Logger.Metadata = [
                "method": .string(method), "route": .string(route), "status": .stringConvertible(response.status.code),
                "ms": .stringConvertible((seconds * 100_000).rounded() / 100), "request_id": .string(context.requestID),
                "traceparent": .string(context.trace.traceparent),
            ]
            let ids = context.trace.ids
            if let operationID = ids.operationID { metadata["operation_id"] = .stringConvertible(operationID) }
            if let userID = ids.userID { metadata["user_id"] = .stringConvertible(userID) }
            if let subject = ids.subject { metadata["\(subject.type)_id"] = .stringConvertible(subject.id) }
            return metadata
        }
        // Health checks, which come every few seconds, get no trace.
        if !route.hasPrefix("/health"), route != "/metrics" {
            context.trace.end(method: method, route: route, status: response.status.code, requestID: context.requestID)
        }
        if response.status.code >= 500 {
            self.logger.warning("request", metadata: metadata())
        } else {
            self.successLog.log { ("request", metadata()) }
        }
    }
}

/// A problem with headers, e.g. `Retry-After`.
struct Refusal: Error {
    let problem: Problem
    let headers: HTTPFields

    init(_ problem: Problem, headers: HTTPFields) {
        self.problem = problem
        self.headers = headers
    }
}

extension HTTPField.Name {
    static let xRequestID = Self("X-Request-ID")!
    static let traceparent = Self("traceparent")!
    static let xFrameOptions = Self("X-Frame-Options")!
    static let referrerPolicy = Self("Referrer-Policy")!
    static let xForwardedFor = Self("X-Forwarded-For")!
    static let xForwardedProto = Self("X-Forwarded-Proto")!
    static let idempotencyKey = Self("Idempotency-Key")!
    static let prefer = Self("Prefer")!
    static let preferenceApplied = Self("Preference-Applied")!
    static let rateLimit = Self("RateLimit")!
    static let rateLimitPolicy = Self("RateLimit-Policy")!
    static let stripeSignature = Self("Stripe-Signature")!
    static let link = Self("Link")!
    static let lastEventID = Self("Last-Event-ID")!
}
