import Tracing

/// A process' part of a trace, as a Sentry transaction (https://develop.sentry.dev/sdk/foundations/transport/event-payloads/transaction/).
struct SentryTransaction: SentryItem {
    static let type = "transaction"
    static let category = SentryRateLimits.Category.transaction

    let eventID = ID.v7(milliseconds: UInt64(Clock.milliseconds())).description.filter { $0 != "-" }
    /// The last span contains all others.
    let spans: [FinishedSpan]
    let tags: [String: String]

    private enum CodingKeys: String, CodingKey {
        case type, transaction, timestamp, contexts, spans, tags
        case eventID = "event_id"
        case info = "transaction_info"
        case start = "start_timestamp"
    }

    func encode(to encoder: any Encoder) throws {
        guard let whole = self.spans.last else { return }
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.eventID, forKey: .eventID)
        try container.encode(Self.type, forKey: .type)
        try container.encode(whole.name, forKey: .transaction)
        try container.encode(self.tags, forKey: .tags)
        try container.encode(["source": whole.kind == .server ? "route" : "task"], forKey: .info)
        try container.encode(Span.seconds(whole.start), forKey: .start)
        try container.encode(Span.seconds(whole.end), forKey: .timestamp)
        try container.encode(["trace": Span(span: whole, isWhole: true)], forKey: .contexts)
        try container.encode(self.spans.dropLast().map { Span(span: $0, isWhole: false) }, forKey: .spans)
    }

    /// One span; the transaction's own ids are in the context `trace`.
    private struct Span: Encodable {
        let span: FinishedSpan
        let isWhole: Bool

        private enum CodingKeys: String, CodingKey {
            case op, description, status, timestamp, data
            case traceID = "trace_id"
            case spanID = "span_id"
            case parentID = "parent_span_id"
            case start = "start_timestamp"
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(self.span.context.traceID, forKey: .traceID)
            try container.encode(TraceContext.hexadecimal(self.span.context.spanID), forKey: .spanID)
            try container.encodeIfPresent(self.span.parentID.map(TraceContext.hexadecimal), forKey: .parentID)
            try container.encode(self.operation, forKey: .op)
            try container.encode(self.span.status?.code == .error ? "internal_error" : "ok", forKey: .status)
            var data: [String: String] = [:]
            self.span.attributes.forEach { data[$0] = $1.text }
            try container.encode(data, forKey: .data)
            guard !self.isWhole else { return }
            try container.encode(self.span.name, forKey: .description)
            try container.encode(Self.seconds(self.span.start), forKey: .start)
            try container.encode(Self.seconds(self.span.end), forKey: .timestamp)
        }

        /// https://develop.sentry.dev/sdk/telemetry/traces/span-operations/
        private var operation: String {
            switch self.span.kind {
            case .server: "http.server"
            case .consumer: "queue.process"
            case .producer: "queue.publish"
            case .client where self.span.attributes.get("db.system.name") != nil: "db"
            case .client where self.span.attributes.get("http.request.method") != nil: "http.client"
            case .client, .internal: "function"
            }
        }

        static func seconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds / 1000) / 1_000_000 }
    }
}
