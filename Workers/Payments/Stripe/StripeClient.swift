import FoundationEssentials
import Kit
import Logging
import Shop
import Tracing
import Transfer

/// Asks Stripe's API, version pinned, every POST under an idempotency key, and tries again quickly as Stripe's own libraries do.
struct StripeClient: Sendable {
    /// The version that the types here were written for (docs.stripe.com/api-versions).
    static let version = "2026-10-28.endive"

    private let http: HTTPClient
    private let base: String
    private let authorization: String
    private let logger: Logger

    /// One call as the trace shows it.
    struct Call: Sendable {
        /// E.g. `POST /v1/payment_intents`.
        var name: String
        /// The status, and the error's code if there is one.
        var outcome: String
        var at: Date
        var microseconds: Int
    }

    /// - Throws: `SettingError` for what is missing or wrong.
    init(settings: Settings, logger: Logger) throws {
        let key = try settings.require("STRIPE_SECRET_KEY")
        guard key.hasPrefix("sk_") || key.hasPrefix("rk_") else {
            throw SettingError(name: "STRIPE_SECRET_KEY", reason: "must begin with sk_ or rk_")
        }
        do {
            self.http = try HTTPClient(userAgent: "conveyor/\(ConveyorVersion.current)", caFile: settings.string("TLS_CA_FILE"))
        } catch {
            throw SettingError(name: "TLS_CA_FILE", reason: "cannot be used: \(error)")
        }
        var base = try settings.require("STRIPE_API_BASE")
        while base.hasSuffix("/") { base.removeLast() }
        self.base = base
        self.authorization = "Bearer \(key)"
        self.logger = logger
    }

    /// `GET` of an object.
    func get<Object: Decodable>(_ type: Object.Type, _ path: String) async throws -> (Object, Call) {
        try await self.send(.get, path, form: nil, key: nil)
    }

    /// `POST` under an idempotency key: the same key never takes effect twice at Stripe.
    func post<Object: Decodable>(_ type: Object.Type, _ path: String, _ form: [(String, String)], key: String) async throws -> (Object, Call) {
        try await self.send(.post, path, form: form, key: key)
    }

    private func send<Object: Decodable>(_ method: HTTPMethod, _ path: String, form: [(String, String)]?, key: String?) async throws -> (Object, Call)
    {
        var headers: HTTPHeaders = ["Authorization": self.authorization, "Stripe-Version": Self.version]
        if form != nil { headers["Content-Type"] = "application/x-www-form-urlencoded" }
        if let key { headers["Idempotency-Key"] = key }
        let request = HTTPRequest(method, url: self.base + path, headers: headers, body: form.map(FormEncoding.encode), timeout: .seconds(20))
        let name = "\(method.rawValue) \(path.prefix { $0 != "?" })"
        // The span's name without ids: /v1/payment_intents of all that is below it.
        return try await withSpan("stripe \(method.rawValue) /\(path.split(separator: "/").prefix(2).joined(separator: "/"))", ofKind: .client) {
            span in
            span.attributes = ["http.request.method": .string(method.rawValue), "peer.service": "stripe", "stripe.call": .string(name)]
            return try await self.perform(request, name: name, span)
        }
    }

    /// One call with its quick tries.

    private func perform<Object: Decodable>(_ request: HTTPRequest, name: String, _ span: any Span) async throws -> (Object, Call) {
        let at = Date()
        let started = ContinuousClock.now
        func call(_ outcome: String) -> Call {
            let took = (ContinuousClock.now - started).components
            return Call(name: name, outcome: outcome, at: at, microseconds: Int(took.seconds) * 1_000_000 + Int(took.attoseconds / 1_000_000_000_000))
        }
        // As stripe-python does it: two more tries, 0.5 s and 1 s, each drawn down to a half and never below half a second.
        for attempt in 0... {
            let failure: StripeError
            do {
                let response = try await self.http.send(request)
                span.attributes["http.response.status_code"] = response.status
                if attempt > 0 { span.attributes["http.request.resend_count"] = attempt }
                if 200..<300 ~= response.status {
                    do {
                        return (try JSON.decode(Object.self, from: response.body), call("\(response.status)"))
                    } catch {
                        throw Poison(.bug, "\(name): an answer that is not understood: \(JSON.explain(error))")
                    }
                }
                failure = StripeError(response, name: name)
            } catch {
                guard let error = error as? TransferError else { throw error }
                failure = StripeError(unreachable: error, name: name)
            }
            self.logger.info("stripe", metadata: ["call": "\(name)", "outcome": "\(failure.outcome)", "try": "\(attempt + 1)"])
            guard attempt < 2, failure.isWorthAnotherTryNow, ContinuousClock.now - started < .seconds(10) else { throw failure }
            try await Task.sleep(for: .milliseconds(500) * max(1, Double(1 << attempt) * Double.random(in: 0.5...1)))
        }
        preconditionFailure("the loop above ends by returning or throwing")
    }
}

/// `application/x-www-form-urlencoded`, the only form in which Stripe's v1 API takes parameters.
enum FormEncoding {
    static func encode(_ form: [(String, String)]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (name, value) in form {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: "&")) }
            self.append(name, to: &bytes)
            bytes.append(UInt8(ascii: "="))
            self.append(value, to: &bytes)
        }
        return bytes
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }
}
