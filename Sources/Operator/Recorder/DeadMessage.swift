import Crypto
import FoundationEssentials
import Kit
import RabbitMQ
import Shop

/// A message of `<queue>.dead`, as it is recorded.
struct DeadMessage: Sendable {
    var queue: String
    var messageID: ID
    var correlationID: ID?
    var orderID: ID?
    var type: String
    var errorType: String
    var error: String
    var attempts: Int
    var firstFailedAt: Date
    var lastFailedAt: Date
    /// To publish it again as it was.
    var properties: StoredProperties
    var headers: [String: HeaderValue]
    var payload: [UInt8]

    var group: String { ErrorGroup.name(queue: self.queue, type: self.type, errorType: self.errorType, error: self.error) }

    /// Reads whatever came: a dead letter may be any bytes.
    init(_ delivery: Delivery, queue: String, now: Date) {
        let properties = delivery.properties
        let headers = properties.headers
        self.queue = queue
        self.payload = delivery.body
        self.type = properties.type ?? ""
        // Without a usable id one is made of the content: the same message recorded twice is the same dead letter.
        self.messageID =
            properties.messageID.flatMap { ID($0) }
            ?? ID(digest: SHA256.hash(data: Array("\(queue)\u{0}\(properties.messageID ?? "")\u{0}\(self.type)\u{0}".utf8) + delivery.body))
        self.correlationID = properties.correlationID.flatMap { ID($0) } ?? properties.messageID.flatMap { ID($0) }
        self.orderID = Envelope.orderID(type: self.type, messageID: self.messageID, delivery.body)
        self.attempts = Int(clamping: headers["attempt"]?.int ?? 1)
        if let errorType = headers["error-type"]?.string {
            self.errorType = errorType
            self.error = headers["error"]?.string ?? ""
            self.firstFailedAt = headers["first-failed-at"]?.int.map { Clock.date(milliseconds: $0) } ?? now
            self.lastFailedAt = headers["last-failed-at"]?.int.map { Clock.date(milliseconds: $0) } ?? now
        } else {
            // The broker itself took it out: no worker lived to say why.
            let reason = headers["x-first-death-reason"]?.string ?? "unknown"
            let isCrash = reason == "delivery_limit"
            self.errorType = isCrash ? ErrorType.crashed.rawValue : ErrorType.bug.rawValue
            self.error =
                isCrash
                ? "its handling ended the worker until the delivery limit was reached" : "dead-lettered by the broker: \(reason)"
            self.firstFailedAt = now
            self.lastFailedAt = now
        }
        self.properties = StoredProperties(
            contentType: properties.contentType, correlationID: properties.correlationID, appID: properties.appID, timestamp: properties.timestamp,
            messageID: properties.messageID, type: properties.type)
        self.headers = headers.filter { !$0.key.hasPrefix("x-") }
    }
}

/// AMQP's basic properties of a dead letter, as `dead_letters.properties` keeps them.
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
}
