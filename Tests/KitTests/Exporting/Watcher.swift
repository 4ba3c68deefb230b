import Fixtures
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// A server that takes what a process sends to those who watch it, and can be told how to answer.
final class Watcher: Sendable {
    struct Answer: Sendable {
        var status = 200
        var headers: [String: String] = [:]
    }

    struct Received: Sendable {
        let path: String
        /// By their names in lower case.
        let headers: [String: String]
        let body: [UInt8]
    }

    private struct State {
        var received: [Received] = []
        var answers: [Answer] = []
    }

    let port: Int
    private let state: Mutex<State>

    private init(port: Int, state: consuming sending Mutex<State>) {
        self.port = port
        self.state = state
    }

    var url: String { "http://127.0.0.1:\(self.port)" }
    /// A DSN of this server.
    var dsn: String { "http://publickey0123456789abcdef01234567@127.0.0.1:\(self.port)/sub/42" }

    var received: [Received] { self.state.withLock { $0.received } }

    /// How the next requests are answered; all others with `200`.
    func answers(_ answers: Answer...) { self.state.withLock { $0.answers = answers } }

    /// The envelopes that came to Sentry's endpoint.
    var envelopes: [SentryEnvelope] {
        get throws { try self.received.filter { $0.path == "/sub/api/42/envelope/" }.map { try SentryEnvelope($0.body) } }
    }

    /// The payloads of the items of a type.
    func items(_ type: String) throws -> [Document] { try self.envelopes.filter { $0.itemHead["type"]?.text == type }.map(\.item) }

    /// The spans that came to the collector's endpoint.
    var spans: [OTLPSpan] {
        get throws { try self.received.filter { $0.path == "/v1/traces" }.flatMap { try OTLPSpan.all(Document($0.body)) } }
    }

    /// All that came, for a search for what should not be in it.
    var everything: String { self.received.map { "\($0.path) \($0.headers) \(String(decoding: $0.body, as: UTF8.self))" }.joined(separator: "\n") }

    private func take(_ received: Received) -> Answer {
        self.state.withLock { state in
            state.received.append(received)
            return state.answers.isEmpty ? Answer() : state.answers.removeFirst()
        }
    }

    /// Runs one on a free port for as long as `body` does.
    static func run<Result: Sendable>(_ body: @escaping @Sendable (Watcher) async throws -> Result) async throws -> Result {
        let watcher = Watcher(port: try Port.free(), state: Mutex(State()))
        let router = Router()
        router.post("**") { request, _ in
            var headers: [String: String] = [:]
            for field in request.headers { headers[field.name.canonicalName] = field.value }
            let body = try await request.body.collect(upTo: 1 << 24)
            let answer = watcher.take(Received(path: request.uri.path, headers: headers, body: Array(buffer: body)))
            var fields = HTTPFields()
            for (name, value) in answer.headers { if let name = HTTPField.Name(name) { fields[name] = value } }
            return Response(status: .init(code: answer.status), headers: fields)
        }
        let (running, isRunning) = AsyncStream.makeStream(of: Void.self)
        var application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: watcher.port)), onServerRunning: { _ in isRunning.finish() })
        application.logger.logLevel = .critical
        let service = application
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await service.run()
                return nil
            }
            group.addTask {
                for await _ in running {}
                return try await body(watcher)
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }
}

/// An envelope as Sentry's documents describe it: a line of JSON, then items, each a line of JSON with a `length` and so many bytes.
struct SentryEnvelope {
    let head: Document
    let itemHead: Document
    let item: Document

    /// - Throws: it is not of that form, or has other than one item.
    init(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        func line() throws -> ArraySlice<UInt8> {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { throw FixtureError("a line without an end") }
            defer { rest = rest[(end + 1)...] }
            return rest[..<end]
        }
        self.head = try Document(line())
        self.itemHead = try Document(line())
        guard let length = self.itemHead["length"]?.integer, length < rest.count, rest[rest.startIndex + length] == UInt8(ascii: "\n"),
            rest.count == length + 1
        else { throw FixtureError("an item of another length") }
        self.item = try Document(rest.prefix(length))
    }
}

/// A span as the collector reads it.
struct OTLPSpan {
    let resource: [String: String]
    let traceID: String
    let spanID: String
    let parentID: String?
    let name: String
    let kind: Int
    let start: UInt64
    let end: UInt64
    let attributes: [String: String]
    let status: Document?
    let events: [Document]
    /// Ids of traces and spans.
    let links: [String]

    static func all(_ request: Document) throws -> [OTLPSpan] {
        var spans: [OTLPSpan] = []
        for resource in request["resourceSpans"]?.array ?? [] {
            let attributes = try self.attributes(resource["resource", "attributes"])
            for scope in resource["scopeSpans"]?.array ?? [] {
                for span in scope["spans"]?.array ?? [] { spans.append(try OTLPSpan(span, resource: attributes)) }
            }
        }
        return spans
    }

    private init(_ span: Document, resource: [String: String]) throws {
        guard let traceID = span["traceId"]?.text, traceID.count == 32, let spanID = span["spanId"]?.text, spanID.count == 16,
            let name = span["name"]?.text, let kind = span["kind"]?.integer, let start = span["startTimeUnixNano"]?.text.flatMap({ UInt64($0) }),
            let end = span["endTimeUnixNano"]?.text.flatMap({ UInt64($0) }), start <= end
        else { throw FixtureError("no span: \(span)") }
        self.resource = resource
        (self.traceID, self.spanID, self.name, self.kind, self.start, self.end) = (traceID, spanID, name, kind, start, end)
        self.parentID = span["parentSpanId"]?.text
        self.attributes = try Self.attributes(span["attributes"])
        self.status = span["status"]
        self.events = span["events"]?.array ?? []
        self.links = (span["links"]?.array ?? []).map { "\($0["traceId"]?.text ?? "")-\($0["spanId"]?.text ?? "")" }
    }

    /// The values as they are written: `AnyValue` of opentelemetry/proto/common/v1/common.proto.
    static func attributes(_ list: Document?) throws -> [String: String] {
        var attributes: [String: String] = [:]
        for attribute in list?.array ?? [] {
            guard let key = attribute["key"]?.text, let value = attribute["value"]?.members, value.count == 1, let (type, inner) = value.first else {
                throw FixtureError("no attribute: \(attribute)")
            }
            switch (type, inner) {
            case ("stringValue", .text(let text)), ("intValue", .text(let text)): attributes[key] = text
            case ("boolValue", .bool(let flag)): attributes[key] = "\(flag)"
            case ("doubleValue", .number(let number)): attributes[key] = "\(number)"
            default: throw FixtureError("no value: \(attribute)")
            }
        }
        return attributes
    }
}
