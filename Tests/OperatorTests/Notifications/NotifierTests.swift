import Conveyor
import Crypto
import Fixtures
import FoundationEssentials
import Hummingbird
import Logging
import Synchronization
import Testing

/// Notifications of new dead letters, sent to a server on a port.
@Suite struct NotifierTests {
    private struct Heard: Sendable {
        var id: String
        var timestamp: String
        var signature: String?
        var body: [UInt8]
    }

    private final class Listener: Sendable {
        let heard = Mutex<[Heard]>([])
        /// The number of failures before its first success.
        let refusals: Mutex<Int>

        init(refusals: Int = 0) { self.refusals = Mutex(refusals) }

        var bodies: [JSONValue] { get throws { try self.heard.withLock { $0 }.map { try JSON.decode(from: $0.body) } } }

        func run(_ body: @escaping @Sendable (_ url: String) async throws -> Void) async throws {
            let router = Router(context: BasicRequestContext.self)
            router.post("/hook") { request, _ in
                let bytes = Array(buffer: try await request.body.collect(upTo: 1 << 20))
                let refuses = self.refusals.withLock { refusals in
                    defer { refusals = max(0, refusals - 1) }
                    return refusals > 0
                }
                if refuses { return HTTPResponse.Status.serviceUnavailable }
                func header(_ name: String) -> String? { request.headers.first { $0.name.rawName.lowercased() == name }?.value }
                self.heard.withLock {
                    $0.append(
                        Heard(
                            id: header("webhook-id") ?? "", timestamp: header("webhook-timestamp") ?? "", signature: header("webhook-signature"),
                            body: bytes))
                }
                return .noContent
            }
            let (ports, port) = AsyncStream.makeStream(of: Int.self)
            var application = Application(
                router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
                onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) })
            application.logger.logLevel = .critical
            let service = application
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await service.run() }
                group.addTask {
                    for await port in ports { return try await body("http://127.0.0.1:\(port)/hook") }
                }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    /// Two recorders, as in a deployment that survives the loss of one.
    private func recorders(
        _ site: CommandLineSite, _ more: [String: String], _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let settings = site.settings.merging(["DATABASE_URL": site.database.url(as: "recorder"), "RETRY_DELAYS": "1,2"]) { $1 }.merging(more) { $1 }
        try await withPart("conveyor", settings, arguments: ["record"]) { _ in
            try await withPart("conveyor", settings, arguments: ["record"]) { _ in try await body() }
        }
    }

    @Test func `a new group is notified once, signed, without error text or payload, and a doubled one again after an hour`() async throws {
        let listener = Listener(refusals: 1)
        try await listener.run { url in
            try await withCommandLine { site in
                let key = Data((0..<24).map { UInt8($0) })
                let settings = [
                    "NOTIFY_URL": url, "NOTIFY_SECRET": "whsec_" + key.base64EncodedString(), "CONSOLE_URL": "https://console.example",
                ]
                try await self.recorders(site, settings) {
                    let letter = try await site.addDeadLetter(group: "aaaaaaaaaa", error: "needle", payload: #"{"a": "haystack"}"#)
                    try await eventually("the notification of the group, at the second try") { listener.heard.withLock { $0.count } == 1 }
                    let heard = listener.heard.withLock { $0[0] }
                    let body: JSONValue = try JSON.decode(from: heard.body)
                    #expect(body.lacks("type, group, queue, message_type, error_type, count, example, first_seen, url").isEmpty)
                    #expect(body["group"].string == "aaaaaaaaaa" && body["count"] == .int(1) && body["example"].string == letter)
                    #expect(body["url"].string == "https://console.example/dead?group=aaaaaaaaaa&status=open")
                    let text = String(decoding: heard.body, as: UTF8.self)
                    #expect(!text.contains("needle") && !text.contains("haystack"))
                    let signed = Array("\(heard.id).\(heard.timestamp).".utf8) + heard.body
                    let code = HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: key))
                    #expect(heard.signature == "v1," + Data(code).base64EncodedString())

                    // More dead letters of the group, within the hour.
                    try await site.addDeadLetters(3, group: "aaaaaaaaaa", error: "needle")
                    try await Task.sleep(for: .seconds(3))
                    #expect(listener.heard.withLock { $0.count } == 1)
                    try await site.database.psql("update notified_groups set at = now() - interval '61 minutes'")
                    try await eventually("the notification of the doubled group") { listener.heard.withLock { $0.count } == 2 }
                    #expect(try listener.bodies[1]["count"] == .int(4))
                    #expect(try listener.bodies[0]["type"].string != listener.bodies[1]["type"].string)
                    try await site.addDeadLetter(group: "bbbbbbbbbb")
                    try await eventually("the notification of another group") { listener.heard.withLock { $0.count } == 3 }
                }
            }
        }
    }

    @Test func `for Slack the body is a text`() async throws {
        let listener = Listener()
        try await listener.run { url in
            try await withCommandLine { site in
                try await self.recorders(site, ["NOTIFY_URL": url, "NOTIFY_FORMAT": "slack", "CONSOLE_URL": "https://console.example"]) {
                    try await site.addDeadLetters(2, queue: "email", type: "email.send", group: "cccccccccc")
                    try await eventually("its notification") { listener.heard.withLock { $0.count } == 1 }
                    let text = try listener.bodies[0]["text"].string ?? ""
                    #expect(
                        text.contains("2 open dead letters of `email.send` in email")
                            && text.contains("<https://console.example/dead?group=cccccccccc"))
                    #expect(listener.heard.withLock { $0[0].signature } == nil)
                }
            }
        }
    }
}
