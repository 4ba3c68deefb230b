import Fixtures
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// A server that receives a process' telemetry; the test chooses its answers.
final class Watcher: Sendable {
    struct Answer: Sendable {
        var status = 200
        var headers: [String: String] = [:]
    }

    struct Received: Sendable {
        let path: String
        /// Keyed by names in lower case.
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

    /// The answers to the next requests; all later ones get `200`.
    func answers(_ answers: Answer...) { self.state.withLock { $0.answers = answers } }

    /// The envelopes received at Sentry's endpoint.
    var envelopes: [SentryEnvelope] {
        get throws { try self.received.filter { $0.path == "/sub/api/42/envelope/" }.map { try SentryEnvelope($0.body) } }
    }

    /// The payloads of the items of a type.
    func items(_ type: String) throws -> [Document] { try self.envelopes.filter { $0.itemHead["type"]?.text == type }.map(\.item) }

    /// The spans received at the collector's endpoint.
    var spans: [OTLPSpan] {
        get throws { try self.received.filter { $0.path == "/v1/traces" }.flatMap { try OTLPSpan.all(Document($0.body)) } }
    }

    /// All received bytes, to search for secrets.
    var everything: String { self.received.map { "\($0.path) \($0.headers) \(String(decoding: $0.body, as: UTF8.self))" }.joined(separator: "\n") }

    private func take(_ received: Received) -> Answer {
        self.state.withLock { state in
            state.received.append(received)
            return state.answers.isEmpty ? Answer() : state.answers.removeFirst()
        }
    }

    /// Runs one on a free port while `body` runs.
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
