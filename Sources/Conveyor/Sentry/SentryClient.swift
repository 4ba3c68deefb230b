import Logging
import Tracing

/// Sends events and transactions to Sentry without delaying the work: each kind has its own bounded queue, so that many
/// transactions never displace an event.
struct SentryClient: SpanExporter {
    private let events: ExportQueue<SentryEvent>
    private let transactions: ExportQueue<SentryTransaction>
    private let part: String
    /// The share of recorded traces that become transactions.
    private let share: Double

    /// - Parameters:
    ///   - share: `SENTRY_TRACES_SAMPLE_RATE`.
    ///   - interval: collects items that go together; at most 20 transactions, since each costs half a millisecond and a part of a quota.
    init(transport: SentryTransport, share: Double, logger: Logger, every interval: Duration = .seconds(1)) {
        self.share = share
        self.part = transport.origin.part
        self.events = ExportQueue(to: "sentry", capacity: 250, every: interval / 4, logger: logger) { await transport.send($0) }
        self.transactions = ExportQueue(to: "sentry", capacity: 20, every: interval, logger: logger) { await transport.send($0) }
    }

    func report(_ event: SentryEvent) {
        var event = event
        event.tags["part"] = self.part
        self.events.add(CollectionOfOne(event))
    }

    func export(_ spans: [FinishedSpan]) {
        // A span without its transaction is dropped.
        guard let whole = spans.last, whole.kind == .server || whole.kind == .consumer || whole.parentID == nil, whole.context.isWithin(self.share)
        else { return }
        self.transactions.add(CollectionOfOne(SentryTransaction(spans: spans, tags: ["part": self.part])))
    }

    func finish(within limit: Duration) async {
        async let events: Void = self.events.finish(within: limit)
        async let transactions: Void = self.transactions.finish(within: limit)
        _ = await (events, transactions)
    }
}
