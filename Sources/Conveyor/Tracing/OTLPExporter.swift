import Logging
import Transfer

/// Sends spans to an OpenTelemetry collector: `POST <endpoint>/v1/traces`, OTLP/HTTP in JSON.
struct OTLPExporter: SpanExporter {
    private let queue: ExportQueue<FinishedSpan>
    /// The limit of spans per request.
    private static let batch = 1000

    /// Sends the collected spans every `interval`.
    init(endpoint: OTLPEndpoint, document: OTLPDocument, http: HTTPClient, logger: Logger, every interval: Duration = .seconds(1)) {
        self.queue = ExportQueue(to: "otlp", capacity: 8192, every: interval, logger: logger) { spans in
            var lost = 0
            var rest = spans[...]
            while !rest.isEmpty {
                let batch = rest.prefix(Self.batch)
                rest = rest.dropFirst(batch.count)
                if await !endpoint.post(document.encode(batch), http: http, logger: logger) { lost += batch.count }
            }
            return lost
        }
    }

    func export(_ spans: [FinishedSpan]) { self.queue.add(spans) }

    func finish(within limit: Duration) async { await self.queue.finish(within: limit) }
}

/// `OTEL_EXPORTER_OTLP_ENDPOINT` and `OTEL_EXPORTER_OTLP_HEADERS`.
struct OTLPEndpoint: Sendable {
    /// With the path `/v1/traces`.
    let url: String
    /// Headers for the collector: a key, a tenant.
    let headers: HTTPHeaders

    /// nil without an endpoint.
    /// - Throws: if one of the two settings is wrong.
    init?(_ settings: Settings) throws(SettingError) {
        guard var url = settings.string("OTEL_EXPORTER_OTLP_ENDPOINT") else { return nil }
        guard let parsed = ConnectionURL(url), ["http", "https"].contains(parsed.scheme), parsed.hosts.allSatisfy({ !$0.isEmpty }) else {
            throw SettingError(name: "OTEL_EXPORTER_OTLP_ENDPOINT", reason: "must be a URL, http://host:4318")
        }
        while url.last == "/" { url.removeLast() }
        self.url = url + "/v1/traces"
        var headers: HTTPHeaders = ["Content-Type": "application/json"]
        for pair in settings.list("OTEL_EXPORTER_OTLP_HEADERS") {
            // As in the header `baggage`: the value percent-encoded (https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables).
            guard let equals = pair.firstIndex(of: "="), equals > pair.startIndex,
                let value = pair[pair.index(after: equals)...].trimming(while: { $0 == " " }).percentDecoded
            else {
                throw SettingError(name: "OTEL_EXPORTER_OTLP_HEADERS", reason: "is a list of name=value, comma-separated")
            }
            headers[String(pair[..<equals].trimming(while: { $0 == " " }))] = value
        }
        self.headers = headers
    }

    /// Returns whether the collector accepted them. Retryable failures (429, 502, 503, 504, no answer) are tried three times in all.
    func post(_ body: [UInt8], http: HTTPClient, logger: Logger) async -> Bool {
        let request = HTTPRequest(.post, url: self.url, headers: self.headers, body: body, timeout: .seconds(10), maximumResponseSize: 64 << 10)
        for pause: Duration in [.seconds(1), .seconds(3), .zero] {
            var pause = pause
            do {
                let response = try await http.send(request)
                if 200..<300 ~= response.status { return true }
                logger.debug("the trace collector answered \(response.status)")
                guard [429, 502, 503, 504].contains(response.status), pause > .zero else { return false }
                if let seconds = response.headers["Retry-After"].flatMap({ Int($0) }) { pause = .seconds(min(max(seconds, 1), 30)) }
            } catch {
                logger.debug("the trace collector is not reachable: \(error)")
                guard error.isRetriable, pause > .zero else { return false }
            }
            do { try await Task.sleep(for: pause) } catch { return false }
        }
        return false
    }
}

extension StringProtocol {
    /// Decodes `%2A` and so on; nil if an escape is broken, or the bytes are not UTF-8.
    var percentDecoded: String? {
        var bytes: [UInt8] = []
        var rest = Array(self.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2).compactMap { Character(UnicodeScalar($0)).hexDigitValue }
            guard digits.count == 2 else { return nil }
            bytes.append(UInt8(digits[0] << 4 | digits[1]))
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
