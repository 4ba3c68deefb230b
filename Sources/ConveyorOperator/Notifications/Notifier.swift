import Conveyor
import Crypto
import FoundationEssentials
import Logging
import Postgres
import ServiceLifecycle
import Transfer

/// Notifies a URL of a new group of dead letters, or one that has doubled: once per group and hour, recorded in Postgres, retried by the
/// schedule, once however many recorders there are. It contains neither error text nor payload.
struct Notifier: Service {
    /// The format of a body.
    enum Format: String, CaseIterable, Sendable {
        case json
        /// A text for incoming webhooks of Slack and compatible services.
        case slack
    }

    let pool: PostgresPool
    let url: String
    /// The key of Standard Webhooks; nil: unsigned.
    let key: SymmetricKey?
    let format: Format
    let console: ConsoleAddress
    let ladder: RetryLadder
    let client: HTTPClient
    let logger: Logger

    /// nil if `NOTIFY_URL` is not set.
    /// - Throws: `SettingError`.
    init?(settings: Settings, pool: PostgresPool, logger: Logger) throws {
        guard settings.isSet("NOTIFY_URL") else { return nil }
        _ = try settings.webAddress("NOTIFY_URL")
        self.pool = pool
        self.url = try settings.require("NOTIFY_URL")
        if try settings.environment() == .production, !self.url.hasPrefix("https://") {
            throw SettingError(name: "NOTIFY_URL", reason: "must be https in production")
        }
        self.key = settings.string("NOTIFY_SECRET").map(Self.key)
        self.format = try settings.oneOf("NOTIFY_FORMAT")
        self.console = try ConsoleAddress(settings)
        self.ladder = try RetryLadder(settings)
        self.client = try HTTPClient(userAgent: "conveyor/\(ConveyorVersion.current)", caFile: settings.string("TLS_CA_FILE"))
        self.logger = logger
    }

    /// `whsec_` and base64, as in Standard Webhooks; any other text is used unchanged.
    private static func key(_ secret: String) -> SymmetricKey {
        if secret.hasPrefix("whsec_"), let bytes = Data(base64Encoded: String(secret.dropFirst(6))), !bytes.isEmpty {
            return SymmetricKey(data: bytes)
        }
        return SymmetricKey(data: Array(secret.utf8))
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await self.note()
                    while try await self.deliverNext() {}
                } catch is CancellationError {
                    return
                } catch {
                    self.logger.warning("notifications: \(error)")
                }
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    // MARK: Finding new groups

    // One recorder at a time: two at once would each treat a group as new.
    private static let lock: Statement = "select pg_advisory_xact_lock(hashtext('conveyor.notifications'))"
    private static let forget: Statement = """
        delete from notified_groups n where at < now() - interval '1 hour'
            and not exists (select from dead_letters d where d."group" = n."group" and d.status = 'open')
        """
    private static let news: Statement = """
        select d."group", d.queue, d.type, d.error_type, count(*), (array_agg(d.id order by d.last_failed_at desc, d.id desc))[1],
            min(d.first_failed_at), bool_or(n."group" is null)
        from dead_letters d left join notified_groups n on n."group" = d."group" where d.status = 'open'
        group by d."group", d.queue, d.type, d.error_type, n.at, n.count
        having n.at is null or (count(*) >= 2 * n.count and n.at < now() - interval '1 hour')
        """
    private static let remember: Statement = """
        insert into notified_groups ("group", count) values ($1, $2) on conflict ("group") do update set count = excluded.count, at = now()
        """
    private static let add: Statement = #"insert into notifications (id, "group", body, next_at) values ($1, $2, $3, now())"#

    private struct Body: Codable {
        var type: String
        var group: String
        var queue: String
        var messageType: String
        var errorType: String
        var count: Int
        var example: ID
        var firstSeen: Date
        var url: String

        enum CodingKeys: String, CodingKey {
            case type, group, queue
            case messageType = "message_type"
            case errorType = "error_type"
            case count, example
            case firstSeen = "first_seen"
            case url
        }
    }

    /// Stores the notifications to send.
    func note() async throws {
        try await self.pool.transaction { transaction in
            try await transaction.query(Self.lock)
            try await transaction.query(Self.forget)
            for row in try await transaction.query(Self.news) {
                let (group, queue, type, errorType, count, example, firstSeen, isNew) = try row.decode(
                    (String, String, String, String, Int64, ID, Date, Bool).self)
                let body = Body(
                    type: isNew ? "dead_letters.new_group" : "dead_letters.group_doubled", group: group, queue: queue, messageType: type,
                    errorType: errorType, count: Int(count), example: example, firstSeen: firstSeen,
                    url: self.console.base + "/dead" + Form.query([("group", group), ("status", "open")]))
                transaction.enqueue(Self.remember, group, count)
                transaction.enqueue(
                    Self.add, ID.v7(milliseconds: UInt64(max(0, Clock.milliseconds()))), group, JSONText(try JSON.encode(body)))
            }
        }
    }

    // MARK: Sending

    // Leased for a minute: if this process dies, another one tries.
    private static let take: Statement = """
        update notifications set attempts = attempts + 1, next_at = now() + interval '1 minute'
        where id = (select id from notifications where next_at <= now() order by next_at limit 1 for update skip locked)
        returning id, body, attempts
        """
    private static let deliver: Statement = "update notifications set next_at = null, delivered_at = now(), error = null where id = $1"
    private static let fail: Statement = """
        update notifications set next_at = now() + $2 * interval '1 second', error = $3 where id = $1
        """

    /// Sends one due notification.
    /// - Returns: false if there is none.
    private func deliverNext() async throws -> Bool {
        guard let (id, body, attempts) = try await self.pool.query(Self.take).decode((ID, JSONText, Int32).self).first else { return false }
        let problem = await self.send(id, body.bytes)
        guard let problem else {
            try await self.pool.query(Self.deliver, id)
            return true
        }
        // Null, which is never due, after the last retry.
        let delay = self.ladder.delays.indices.contains(Int(attempts) - 1) ? Double(self.ladder.delays[Int(attempts) - 1]) : nil
        self.logger.warning("a notification was not taken\(delay == nil ? ", and is given up" : ""): \(problem)")
        try await self.pool.query(Self.fail, id, delay, problem)
        return true
    }

    private func send(_ id: ID, _ json: [UInt8]) async -> String? {
        do {
            let body = try self.body(json)
            let seconds = Clock.seconds()
            var headers: HTTPHeaders = [
                "Content-Type": "application/json", "webhook-id": id.description, "webhook-timestamp": String(seconds),
            ]
            if let key {
                // https://www.standardwebhooks.com
                let signed = Array("\(id).\(seconds).".utf8) + body
                headers["webhook-signature"] = "v1," + Data(HMAC<SHA256>.authenticationCode(for: signed, using: key)).base64EncodedString()
            }
            let response = try await self.client.send(
                HTTPRequest(.post, url: self.url, headers: headers, body: body, timeout: .seconds(10), maximumResponseSize: 64 << 10))
            return 200..<300 ~= response.status ? nil : "answer \(response.status)"
        } catch {
            return "\(error)"
        }
    }

    private func body(_ json: [UInt8]) throws -> [UInt8] {
        guard self.format == .slack else { return json }
        let news = try JSON.decode(Body.self, from: json)
        let what = news.type.hasSuffix("new_group") ? "A new cause" : "A cause has doubled"
        let count = Quantity.count(news.count, "open dead letter")
        // The sender of the message may have written it, so it must not become Slack mark-up.
        func plain(_ text: String) -> String {
            text.visible.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("`", with: "'")
        }
        return try JSON.encode([
            "text": "\(what): \(count) of `\(plain(news.messageType))` in \(plain(news.queue)), \(plain(news.errorType)). <\(news.url)|Look at them>"
        ])
    }
}
