import Conveyor
import RabbitMQ

/// AMQP's basic properties of a message, as stored in `dead_letters.properties`.
struct StoredProperties: Codable, Sendable, Equatable {
    var contentType: String?
    var correlationID: String?
    var appID: String?
    var timestamp: Int64?
    var messageID: String?
    var type: String?

    enum CodingKeys: String, CodingKey {
        case contentType = "content_type"
        case correlationID = "correlation_id"
        case appID = "app_id"
        case timestamp
        case messageID = "message_id"
        case type
    }

    init(_ properties: Properties) {
        self.contentType = properties.contentType?.withoutNUL
        self.correlationID = properties.correlationID?.withoutNUL
        self.appID = properties.appID?.withoutNUL
        self.timestamp = properties.timestamp
        self.messageID = properties.messageID?.withoutNUL
        self.type = properties.type?.withoutNUL
    }
}

/// A stored message to publish again: to one queue, as its first attempt.
struct StoredMessage: Sendable {
    var queue: String
    var properties: StoredProperties
    var headers: [String: JSONValue]
    var payload: [UInt8]

    /// Removes the failure headers and the broker's own: a replay starts afresh, and with `x-death` the broker would continue its count.
    static func isOfFailure(_ header: String) -> Bool {
        ["attempt", "error-type", "error", "first-failed-at", "last-failed-at"].contains(header) || header.hasPrefix("x-")
    }

    /// Makes it count as sent now: workers refuse messages older than their inbox.
    /// - Parameter time: milliseconds since 1970.
    mutating func sendAnew(at time: Int64) {
        self.properties.timestamp = time / 1000
        self.headers["timestamp_in_ms"] = .int(time)
    }

    /// For this queue only, through the default exchange: other queues of an event may have handled it.
    var outgoing: Outgoing {
        var headers = self.headers.filter { !Self.isOfFailure($0.key) }.mapValues(\.headerValue)
        headers["attempt"] = 1
        return Outgoing(
            exchange: "", routingKey: self.queue, mandatory: true,
            properties: Properties(
                messageID: self.properties.messageID, type: self.properties.type, contentType: self.properties.contentType,
                correlationID: self.properties.correlationID, appID: self.properties.appID, timestamp: self.properties.timestamp, headers: headers),
            body: self.payload)
    }
}

extension DeadLetterDetail {
    /// The original message.
    var message: StoredMessage {
        StoredMessage(queue: self.letter.queue, properties: self.properties, headers: self.headers, payload: self.payload)
    }
}

extension String {
    /// Postgres stores no NUL in a text.
    public var withoutNUL: String { self.utf8.contains(0) ? self.replacing("\0", with: "\u{fffd}") : self }
}
