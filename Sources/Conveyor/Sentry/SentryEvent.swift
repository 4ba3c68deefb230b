import FoundationEssentials
import Logging

/// An event for a person's attention (https://develop.sentry.dev/sdk/foundations/transport/event-payloads/).
///
/// Contains ids, names and the error's text; never a payload, and nothing that looks like a secret.
public struct SentryEvent: SentryItem {
    static let type = "event"
    static let category = SentryRateLimits.Category.error

    /// The severity.
    enum Level: String, Encodable, Sendable { case fatal, error, info }

    /// An earlier step, which helps to follow the cause.
    struct Breadcrumb: Encodable, Sendable {
        var timestamp: Date?
        var category: String
        var message: String
        var level = Level.info
        var data: [String: String] = [:]
    }

    struct Exception: Encodable, Sendable {
        var type: String
        var value: String
    }

    /// Sentry's form of a list.
    struct List<Element: Encodable & Sendable>: Encodable, Sendable {
        var values: [Element]
    }

    let eventID = ID.v7(milliseconds: UInt64(Clock.milliseconds())).description.filter { $0 != "-" }
    let timestamp = Date()
    let level: Level
    /// The operation: a message's type, a route.
    var transaction: String?
    let exception: List<Exception>
    /// The searchable tags.
    var tags: [String: String] = [:]
    /// Events with the same fingerprint are one issue; nil leaves the grouping to Sentry.
    var fingerprint: [String]?
    var breadcrumbs = List<Breadcrumb>(values: [])
    /// `trace`: its trace; `ids`: the ids of its chain.
    var contexts: [String: [String: String]] = [:]
    var user: [String: String]?

    enum CodingKeys: String, CodingKey {
        case timestamp, level, transaction, exception, tags, fingerprint, breadcrumbs, contexts, user
        case eventID = "event_id"
    }

    /// - Parameters:
    ///   - type: a word for the error.
    ///   - text: an explanation for people; apparent secrets are removed.
    init(_ level: Level, _ type: String, _ text: String) {
        self.level = level
        self.exception = List(values: [Exception(type: type, value: Redaction.cleaned(text))])
    }

    /// Sets the trace that it belongs to.
    private mutating func place(in traceparent: String?) {
        guard let trace = traceparent.flatMap(TraceContext.init(traceparent:)) else { return }
        self.contexts["trace"] = ["trace_id": trace.traceID, "span_id": TraceContext.hexadecimal(trace.spanID)]
    }
}

extension SentryEvent {
    /// A message that became a dead letter. One group is one issue; the tag `group` is that of `conveyor dead groups`.
    /// - Parameters:
    ///   - envelope: nil if it could not be read.
    ///   - errorType: a type of the contract, e.g. `invalid_payload`.
    public static func deadLetter(queue: String, type: String, errorType: String, error: String, envelope: Envelope?) -> SentryEvent {
        var event = SentryEvent(errorType == ErrorType.crashed.rawValue ? .fatal : .error, errorType, error)
        let group = ErrorGroup.name(queue: queue, type: type, errorType: errorType, error: error)
        event.transaction = type
        event.tags = ["queue": queue, "type": type, "error_type": errorType, "group": group]
        event.fingerprint = [group]
        guard let envelope else { return event }
        event.tags["attempt"] = String(envelope.attempt)
        event.place(in: envelope.traceparent)
        var ids = ["message_id": envelope.messageID.description, "operation_id": envelope.correlationID.description, "actor": envelope.actor]
        ids["causation_id"] = envelope.causationID?.description
        event.contexts["ids"] = ids
        if ID(envelope.actor) != nil { event.user = ["id": envelope.actor] }

        var crumbs = [Breadcrumb(category: "operation", message: "began", data: ["operation_id": envelope.correlationID.description])]
        if let causationID = envelope.causationID {
            crumbs.append(Breadcrumb(category: "message", message: "led to this one", data: ["message_id": causationID.description]))
        }
        crumbs.append(
            Breadcrumb(
                timestamp: Clock.date(milliseconds: envelope.sentAt), category: "message", message: "\(type) was published",
                data: ["message_id": envelope.messageID.description]))
        if let failure = envelope.failure, envelope.attempt > 1 {
            crumbs.append(
                Breadcrumb(timestamp: Clock.date(milliseconds: failure.firstAt), category: "attempt", message: "failed first", level: .error))
        }
        event.breadcrumbs = List(values: crumbs)
        return event
    }

    /// A request that failed unexpectedly: a `500`.
    /// - Parameter route: the route's pattern.
    public static func failedRequest(_ error: any Error, method: String, route: String, requestID: String, _ trace: RequestTrace) -> SentryEvent {
        var event = SentryEvent(.error, "\(Swift.type(of: error))", "\(error)")
        event.transaction = "\(method) \(route)"
        event.tags = ["method": method, "route": route, "status": "500", "error_type": "\(Swift.type(of: error))"]
        let noted = trace.ids
        var ids = ["request_id": requestID]
        ids["operation_id"] = noted.operationID?.description
        if let subject = noted.subject { ids["\(subject.type)_id"] = subject.id.description }
        event.contexts["ids"] = ids
        event.breadcrumbs = List(values: [Breadcrumb(category: "request", message: "\(method) \(route)", data: ids)])
        event.place(in: trace.traceparent)
        if let userID = noted.userID { event.user = ["id": userID.description] }
        return event
    }

    /// A critical line of the log.
    static func logged(_ message: String, label: String, fields: [(name: String, value: Logger.MetadataValue)]) -> SentryEvent {
        var event = SentryEvent(.fatal, "critical", message)
        event.tags = ["log": label]
        for (name, value) in fields {
            switch name {
            case "queue", "type", "route", "error_type": event.tags[name] = "\(value)"
            case _ where name.hasSuffix("_id"): event.contexts["ids", default: [:]][name] = "\(value)"
            case "traceparent": event.place(in: "\(value)")
            default: break
            }
        }
        return event
    }

    /// The process ends because of this.
    static func ended(by error: any Error) -> SentryEvent {
        var event = SentryEvent(.fatal, "\(Swift.type(of: error))", "\(error)")
        event.transaction = "the part's end"
        return event
    }
}
