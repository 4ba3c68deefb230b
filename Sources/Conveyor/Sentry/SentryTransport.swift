import FoundationEssentials
import Logging
import Synchronization
import Transfer

/// The members that everything from a process to Sentry has in common.
struct SentryOrigin: Encodable, Sendable {
    let platform = "other"
    let release = "conveyor@\(ConveyorVersion.current)"
    let environment: String
    let serverName = Host.name
    let part: String

    init(part: String, environment: String) {
        self.environment = environment
        self.part = part
    }

    enum CodingKeys: String, CodingKey {
        case platform, release, environment
        case serverName = "server_name"
        case part = "logger"
    }
}

/// An item of a Sentry envelope.
protocol SentryItem: Encodable, Sendable {
    /// The item's `type`.
    static var type: String { get }
    static var category: SentryRateLimits.Category { get }
    /// 32 hexadecimal digits.
    var eventID: String { get }
}

/// Posts envelopes, one item each (https://develop.sentry.dev/sdk/foundations/transport/envelopes/), and pauses when Sentry asks for it.
final class SentryTransport: Sendable {
    private let dsn: DSN
    let origin: SentryOrigin
    private let http: HTTPClient
    private let logger: Logger
    private let limits = Mutex(SentryRateLimits())

    init(dsn: DSN, origin: SentryOrigin, http: HTTPClient, logger: Logger) {
        self.dsn = dsn
        self.origin = origin
        self.http = http
        self.logger = logger
    }

    /// Sends each of them.
    /// - Returns: how many were lost: limited, refused, or without an answer. There is no retry, as in Sentry's own clients.
    func send<Item: SentryItem>(_ items: [Item]) async -> Int {
        var lost = 0
        for item in items where await !self.send(item) { lost += 1 }
        return lost
    }

    private func send<Item: SentryItem>(_ item: Item) async -> Bool {
        guard !Task.isCancelled, !self.limits.withLock({ $0.forbid(Item.category, at: .now) }) else { return false }
        do {
            let response = try await self.http.send(
                HTTPRequest(
                    .post, url: self.dsn.url,
                    headers: [
                        "Content-Type": "application/x-sentry-envelope", "X-Sentry-Auth": self.dsn.authorization,
                        // Sentry recognises a repeated event by its id, so a reused connection is safe.
                        "Idempotency-Key": item.eventID,
                    ],
                    body: try self.envelope(item), timeout: .seconds(10), maximumResponseSize: 64 << 10))
            self.limits.withLock { $0.heed(response, at: .now) }
            if 200..<300 ~= response.status { return true }
            self.logger.debug("sentry answered \(response.status)")
        } catch {
            self.logger.debug("sentry is not reachable: \(error)")
        }
        return false
    }

    private struct Head: Encodable {
        struct SDK: Encodable {
            let name = "conveyor"
            let version = ConveyorVersion.current
        }
        let eventID: String
        let sentAt = Date()
        let sdk = SDK()

        enum CodingKeys: String, CodingKey {
            case sdk
            case eventID = "event_id"
            case sentAt = "sent_at"
        }
    }

    private struct ItemHead: Encodable {
        let type: String
        let length: Int
        let contentType = "application/json"

        enum CodingKeys: String, CodingKey {
            case type, length
            case contentType = "content_type"
        }
    }

    /// The item with the common members.
    private struct Body<Item: SentryItem>: Encodable {
        let item: Item
        let origin: SentryOrigin

        func encode(to encoder: any Encoder) throws {
            try self.origin.encode(to: encoder)
            try self.item.encode(to: encoder)
        }
    }

    /// Three lines of JSON: the envelope's header, the item's header, the item.
    func envelope<Item: SentryItem>(_ item: Item) throws -> [UInt8] {
        let body = try JSON.encode(Body(item: item, origin: self.origin))
        let newline = UInt8(ascii: "\n")
        return try JSON.encode(Head(eventID: item.eventID)) + [newline] + JSON.encode(ItemHead(type: Item.type, length: body.count)) + [newline]
            + body
            + [newline]
    }
}
