import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// Stripe's protocol, `/v1`: makes a call of a request, applies faults, and makes a response of the answer.
struct API: Sendable {
    let authentication: Authentication
    let ledger: Ledger
    let faults: FaultBoard
    let log: RequestLog

    /// The result of a call.
    private struct Outcome {
        /// Nil closes the connection.
        var answer: Answer?
        var headers: HTTPFields = [:]
        var isReplay = false
        var fault: String?
    }

    func respond(to request: Request, path: [String], context: DoubleContext) async throws -> Response {
        if request.method == .options { return Self.preflight }
        let start = ContinuousClock.now
        let requestID = Identifier.make("req", length: 14)
        let number = self.log.begin(
            RequestLog.Entry(
                requestID: requestID, at: Int(Date().timeIntervalSince1970 * 1000), method: request.method.rawValue, path: request.uri.path,
                idempotencyKey: request.headers[.idempotencyKey], version: request.headers[.stripeVersion]))
        var outcome: Outcome
        do throws(StripeError) {
            let call = try await self.decode(request, path: path, requestID: requestID)
            outcome = try await self.answer(call)
        } catch {
            outcome = Outcome(answer: Answer(error))
        }
        self.log.end(
            number,
            RequestLog.End(
                status: outcome.answer?.status, isReplay: outcome.isReplay, fault: outcome.fault,
                milliseconds: Int((ContinuousClock.now - start) / .milliseconds(1))))
        guard let answer = outcome.answer else { return await context.closeConnection() }
        var response = Response(status: answer.status, json: answer.body)
        response.headers.append(contentsOf: outcome.headers)
        response.headers[.requestID] = requestID
        response.headers[.stripeVersion] = request.headers[.stripeVersion] ?? StripeVersion.current
        response.headers[.accessControlAllowOrigin] = "*"
        response.headers[.accessControlExposeHeaders] = "Request-Id, Stripe-Version, Idempotent-Replayed, Original-Request, Retry-After"
        return response
    }

    // MARK: The call

    private func decode(_ request: Request, path: [String], requestID: String) async throws(StripeError) -> Call {
        var form = try FormDecoder.decode(request.uri.query ?? "")
        let body = try await Self.body(of: request)
        if !body.isEmpty {
            let type = request.headers[.contentType] ?? ""
            guard type.lowercased().hasPrefix("application/x-www-form-urlencoded") else {
                throw .badRequest("Invalid request: the content type must be application/x-www-form-urlencoded.")
            }
            form = try FormDecoder.decode(body)
        }
        // Browsers send the key as a parameter.
        var keyParameter: String?
        if case .table(let entries) = form, case .text(let key)? = form["key"] {
            keyParameter = key
            form = .table(entries.filter { $0.name != "key" })
        }
        let access = try self.authentication.access(request.headers, keyParameter: keyParameter)
        if let version = request.headers[.stripeVersion], !StripeVersion.isWellFormed(version) {
            throw .badRequest("Invalid Stripe API version: \(version)")
        }
        // Keys on other methods have no effect.
        let key = request.method == .post ? request.headers[.idempotencyKey] : nil
        if let key, key.isEmpty || key.count > 255 {
            throw StripeError(status: 400, kind: .idempotency, message: "Idempotency keys are at most 255 characters long, and not empty.")
        }
        return Call(requestID: requestID, method: request.method, path: path, form: form, access: access, idempotencyKey: key)
    }

    private static func body(of request: Request) async throws(StripeError) -> String {
        let buffer: ByteBuffer
        do {
            buffer = try await request.body.collect(upTo: 1 << 20)
        } catch {
            throw StripeError(status: 413, message: "The request is too large.")
        }
        return String(buffer: buffer)
    }

    // MARK: The answer

    private func answer(_ call: Call) async throws(StripeError) -> Outcome {
        let fault = self.faults.take(method: call.method.rawValue, path: call.url)
        switch fault {
        case .refused: return Outcome(answer: nil, fault: fault?.name)
        case .status(let status, let shouldRetry, let retryAfter, let isKept) where !isKept:
            return Self.struck(Answer(.fault(status: status)), shouldRetry, retryAfter, fault)
        default: break
        }
        let decision = try await self.durably { try await self.ledger.begin(call) }
        switch decision {
        case .refuse(let error): throw error
        case .replay(let record):
            var outcome = Outcome(answer: record.answer, isReplay: true, fault: fault?.name)
            outcome.headers = [.idempotentReplayed: "true", .originalRequest: record.requestID, .idempotencyKey: record.key]
            if case .hang(let seconds, _) = fault { await Self.hang(seconds) }
            if case .answerLost = fault { outcome.answer = nil }
            return outcome
        case .proceed: break
        }
        // Release the key only when the answer is being sent, also after an error.
        do throws(StripeError) {
            let outcome = try await self.work(on: call, fault)
            await self.ledger.end(call)
            return outcome
        } catch {
            await self.ledger.end(call)
            throw error
        }
    }

    private func work(on call: Call, _ fault: Fault.Kind?) async throws(StripeError) -> Outcome {
        if case .status(let status, let shouldRetry, let retryAfter, _) = fault {
            let answer = try await self.durably { try await self.ledger.fail(call, with: Answer(.fault(status: status))) }
            return Self.struck(answer, shouldRetry, retryAfter, fault)
        }
        if case .hang(let seconds, worksFirst: false) = fault { await Self.hang(seconds) }
        let answer = try await self.durably { try await self.ledger.perform(call) }
        if case .hang(let seconds, worksFirst: true) = fault { await Self.hang(seconds) }
        var outcome = Outcome(answer: answer, fault: fault?.name)
        if let key = call.idempotencyKey { outcome.headers = [.idempotencyKey: key, .originalRequest: call.requestID] }
        if case .answerLost = fault { outcome.answer = nil }
        return outcome
    }

    /// If the state file cannot be written, the process ends, and this call gets a server error.
    private func durably<Result: Sendable>(_ work: () async throws -> Result) async throws(StripeError) -> Result {
        do {
            return try await work()
        } catch {
            throw .stateFile
        }
    }

    /// Waits, at most until the shutdown.
    private static func hang(_ seconds: Double) async {
        await cancelWhenGracefulShutdown { try? await Task.sleep(for: .seconds(seconds)) }
    }

    private static func struck(_ answer: Answer, _ shouldRetry: Bool?, _ retryAfter: Int?, _ fault: Fault.Kind?) -> Outcome {
        var outcome = Outcome(answer: answer, fault: fault?.name)
        if let shouldRetry { outcome.headers[.stripeShouldRetry] = shouldRetry ? "true" : "false" }
        if let retryAfter { outcome.headers[.retryAfter] = String(retryAfter) }
        return outcome
    }

    /// The answer to the preflight request of a browser on another origin.
    private static let preflight = Response(
        status: .ok,
        headers: [
            .accessControlAllowOrigin: "*", .accessControlAllowMethods: "GET, HEAD, PUT, PATCH, POST, DELETE",
            .accessControlAllowHeaders: "Authorization, Content-Type, Idempotency-Key, Stripe-Version", .accessControlMaxAge: "300",
        ])
}
