import Conveyor
import FoundationEssentials
import Logging
import Shop
import Tracing
import Transfer

/// Calls Stripe's API with a pinned version, each POST with an idempotency key, and retries quickly as Stripe's own libraries do.
///
/// Its calls throw ``StripeError``; `StripeError.sorted` turns that into the worker's errors.
struct StripeClient: Sendable {
    /// The version that these types are written for (docs.stripe.com/api-versions).
    static let version = "2026-10-28.endive"

    private let http: HTTPClient
    private let base: String
    private let authorization: String
    private let logger: Logger

    /// One call in the trace.
    struct Call: Sendable {
        /// E.g. `POST /v1/payment_intents`.
        var name: String
        /// The HTTP status, and the error's code if there is one.
        var outcome: String
        /// When it began, by our clock.
        var at: Date
        var microseconds: Int
    }

    /// Stripe's answer.
    struct Answer<Object: Sendable>: Sendable {
        let object: Object
        /// The time of the answer by Stripe's clock: comparable with the times of events, unlike our clock.
        private(set) var at: Date
        let call: Call

        /// The same answer, requested when `time` was already known: so it counts as no older, whatever Stripe's clocks say.
        func knowing(_ payment: Payment) -> Answer { self.notBefore(payment.saidAt) }

        /// The same answer, no older than the state known before the request.
        func notBefore(_ time: Date?) -> Answer {
            var answer = self
            answer.at = max(self.at, time ?? self.at)
            return answer
        }
    }

    /// - Throws: `SettingError` for a missing or wrong setting.
    init(settings: Settings, logger: Logger) throws {
        let key = try settings.stripeSecretKey()
        do {
            self.http = try HTTPClient(userAgent: "conveyor/\(ConveyorVersion.current)", caFile: settings.string("TLS_CA_FILE"))
        } catch {
            throw SettingError(name: "TLS_CA_FILE", reason: "cannot be used: \(error)")
        }
        self.base = try settings.webAddress("STRIPE_API_BASE")
        self.authorization = "Bearer \(key)"
        self.logger = logger
    }

    /// `GET` of an object.
    func get<Object: Decodable & Sendable>(_ type: Object.Type, _ path: String, _ query: [(String, String)] = []) async throws -> Answer<Object> {
        let query = query.isEmpty ? "" : "?" + String(decoding: FormEncoding.encode(query), as: UTF8.self)
        return try await self.send(HTTPRequest(.get, url: self.base + path + query), name: "GET \(path)")
    }

    /// `POST` with an idempotency key: the same key never takes effect twice at Stripe.
    func post<Object: Decodable & Sendable>(
        _ type: Object.Type, _ path: String, _ form: [(String, String)], key: String
    ) async throws -> Answer<Object> {
        var request = HTTPRequest(.post, url: self.base + path, body: FormEncoding.encode(form))
        request.headers["Content-Type"] = "application/x-www-form-urlencoded"
        request.headers["Idempotency-Key"] = key
        return try await self.send(request, name: "POST \(path)")
    }

    /// `GET` of a whole list, page by page, newest first.
    func list<Object: StripeObject>(
        _ type: Object.Type, _ path: String, _ query: [(String, String)]
    ) async throws -> (objects: [Object], calls: [Call]) {
        var objects: [Object] = []
        var calls: [Call] = []
        while true {
            let after = objects.last.map { [("starting_after", $0.id)] } ?? []
            let page = try await self.get(StripeList<Object>.self, path, query + [("limit", "100")] + after)
            objects += page.object.data
            calls.append(page.call)
            guard page.object.hasMore, !page.object.data.isEmpty else { return (objects, calls) }
        }
    }

    private func send<Object: Decodable & Sendable>(_ request: HTTPRequest, name: String) async throws -> Answer<Object> {
        var request = request
        request.headers["Authorization"] = self.authorization
        request.headers["Stripe-Version"] = Self.version
        request.timeout = .seconds(20)
        // Without ids: `/v1/payment_intents` for all paths below it.
        let (method, path) = (request.method.rawValue, name.split(separator: " ").last ?? "")
        let route = "\(method) /\(path.split(separator: "/").prefix(2).joined(separator: "/"))"
        return try await withSpan("stripe \(route)", ofKind: .client) { [request] span in
            span.attributes = ["http.request.method": .string(method), "peer.service": "stripe", "stripe.call": .string(name)]
            do {
                let answer: Answer<Object> = try await self.perform(request, name: name, span)
                Self.count(answer.call, route, outcome: "succeeded")
                return answer
            } catch let error as StripeError {
                let outcome = error.sorted is Transient ? "failed" : error.sorted is Misconfigured ? "misconfigured" : "refused"
                Self.count(error.call, route, outcome: outcome)
                throw error
            }
        }
    }

    private static func count(_ call: Call?, _ route: String, outcome: String) {
        Metrics.call(kind: "stripe", name: route, outcome: outcome, seconds: Double(call?.microseconds ?? 0) / 1_000_000)
    }

    /// One call with its quick retries.
    private func perform<Object: Decodable & Sendable>(_ request: HTTPRequest, name: String, _ span: any Span) async throws -> Answer<Object> {
        let at = Date()
        let started = ContinuousClock.now
        func call(_ outcome: String) -> Call {
            let took = (ContinuousClock.now - started).components
            return Call(name: name, outcome: outcome, at: at, microseconds: Int(took.seconds) * 1_000_000 + Int(took.attoseconds / 1_000_000_000_000))
        }
        // As in stripe-python: two retries, after 0.5 s and 1 s, each reduced at random by up to half but to no less than half a second.
        for attempt in 0... {
            var failure: StripeError
            do {
                let response = try await self.http.send(request)
                span.attributes["http.response.status_code"] = response.status
                if attempt > 0 { span.attributes["http.request.resend_count"] = attempt }
                if 200..<300 ~= response.status, let object = try? JSON.decode(Object.self, from: response.body) {
                    return Answer(
                        object: object, at: response.headers["Date"].flatMap(HTTPDate.parse) ?? at, call: call("\(response.status)"))
                }
                failure = StripeError(response, name: name)
            } catch {
                guard let error = error as? TransferError, error.code != .cancelled else { throw error }
                failure = StripeError(unreachable: error, name: name)
            }
            self.logger.info("stripe", metadata: ["call": "\(name)", "outcome": "\(failure.outcome)", "try": "\(attempt + 1)"])
            guard attempt < 2, failure.isWorthAnotherTryNow, ContinuousClock.now - started < .seconds(10) else {
                failure.call = call(failure.outcome)
                throw failure
            }
            try await Task.sleep(for: .milliseconds(500) * max(1, Double(1 << attempt) * Double.random(in: 0.5...1)))
        }
        preconditionFailure("the loop above ends by returning or throwing")
    }
}
