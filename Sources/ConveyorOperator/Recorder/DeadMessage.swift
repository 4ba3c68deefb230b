import Conveyor
import Crypto
import FoundationEssentials
import RabbitMQ

/// A message from `<queue>.dead` to record. It may contain any bytes, and every header may be wrong: nothing in it can prevent its recording.
struct DeadMessage: Sendable {
    var queue: String
    var messageID: ID
    var correlationID: ID?
    var subject: Subject?
    var type: String
    var errorType: String
    var error: String
    /// Whether the broker removed it, without a worker.
    var isByBroker: Bool
    var attempts: Int
    var firstFailedAt: Date
    var lastFailedAt: Date
    var sentAt: Date?
    /// The data to publish it again unchanged.
    var properties: StoredProperties
    var headers: [String: JSONValue]
    var payload: [UInt8]

    var group: String { ErrorGroup.name(queue: self.queue, type: self.type, errorType: self.errorType, error: self.error) }

    /// Its subject, for reports.
    var envelope: Envelope {
        func text(_ header: String) -> String? { if case .string(let text)? = self.headers[header] { text } else { nil } }
        var envelope = Envelope(
            messageID: self.messageID, type: self.type, actor: text("actor") ?? "system", traceparent: text("traceparent"),
            sentAt: Clock.milliseconds(self.sentAt ?? self.firstFailedAt))
        envelope.correlationID = self.correlationID ?? self.messageID
        envelope.attempt = self.attempts
        return envelope
    }

    /// Reads any message.
    init(_ delivery: Delivery, queue: String, of application: OperatorApplication, now: Date) {
        let properties = delivery.properties
        let headers = properties.headers
        self.queue = queue
        self.payload = delivery.body
        self.type = (properties.type ?? "").withoutNUL
        // Without a usable id one is derived from the content: the same message recorded twice is the same dead letter.
        self.messageID =
            properties.messageID.flatMap { ID($0) }
            ?? ID(digest: SHA256.hash(data: Array("\(queue)\u{0}\(properties.messageID ?? "")\u{0}\(self.type)\u{0}".utf8) + delivery.body))
        self.correlationID = properties.correlationID.flatMap { ID($0) } ?? properties.messageID.flatMap { ID($0) }
        self.subject = application.conveyor.subject(self.type, self.messageID, delivery.body)
        self.attempts = max(1, Int(clamping: headers["attempt"]?.int ?? 1))
        self.sentAt = Envelope.statedTime(properties, messageID: self.messageID, receivedAt: Clock.milliseconds(now))
            .map { Clock.date(milliseconds: $0) }
        let failure = Failure(headers, known: application.errorTypes, now: now)
        self.errorType = failure.type.rawValue
        self.error = failure.error
        self.isByBroker = headers["error-type"]?.string == nil
        self.firstFailedAt = failure.firstAt
        self.lastFailedAt = failure.lastAt
        self.properties = StoredProperties(properties)
        self.headers = JSONValue.headers(headers.filter { !$0.key.hasPrefix("x-") })
    }

    /// nil for an impossible time: before 1970, or more than a day ahead of `now`.
    fileprivate static func date(_ milliseconds: Int64, now: Date) -> Date? {
        let date = Clock.date(milliseconds: milliseconds)
        return milliseconds >= 0 && date < now.addingTimeInterval(86_400) ? date : nil
    }
}

extension DeadMessage {
    /// The error type: from the worker's headers, or from the broker if no worker survived to write them.
    fileprivate struct Failure {
        var type: ErrorType
        var error: String
        var firstAt: Date
        var lastAt: Date

        /// The explanation for people; a worker's own are shorter.
        private static let longest = 4000

        init(_ headers: [String: HeaderValue], known: [ErrorType], now: Date) {
            if let type = headers["error-type"]?.string {
                // From the list of types; invented headers are ignored.
                let listed = known.first { $0.rawValue == type }
                self.type = listed ?? .bug
                let text = (headers["error"]?.string ?? "").withoutNUL
                let error = listed == nil ? "\(type.withoutNUL): \(text)" : text
                self.error = error.utf8.count <= Self.longest ? error : String(error.prefix(Self.longest / 4)) + " …"
                self.lastAt = headers["last-failed-at"]?.int.flatMap { DeadMessage.date($0, now: now) } ?? now
                self.firstAt = headers["first-failed-at"]?.int.flatMap { DeadMessage.date($0, now: now) } ?? self.lastAt
                return
            }
            let reason = headers["x-first-death-reason"]?.string ?? "unknown"
            self.type = reason == "delivery_limit" ? .crashed : .bug
            self.error =
                reason == "delivery_limit"
                ? "its handling ended the worker until the delivery limit was reached" : "dead-lettered by the broker: \(reason.withoutNUL)"
            // The time of the newest death, which does not change when the message is read again.
            var deaths: [Int64] = []
            if case .array(let entries)? = headers["x-death"] {
                for case .table(let entry) in entries { if case .timestamp(let seconds)? = entry["time"] { deaths.append(seconds) } }
            }
            let at = deaths.max().flatMap { DeadMessage.date($0.multipliedReportingOverflow(by: 1000).partialValue, now: now) } ?? now
            self.firstAt = at
            self.lastAt = at
        }
    }
}
