/// Every metric of the project by name. All begin with `conveyor_`; `ops/dashboards` and the alert rules read them by these names.
public enum Metrics {
    private static let registry = PrometheusMetrics.shared

    private static func counter(_ name: String, _ help: String, _ labels: String...) -> Family<CounterSeries> {
        self.registry.family("conveyor_\(name)", help: help, labels: labels) { CounterSeries() }
    }
    private static func gauge(_ name: String, _ help: String, _ labels: String...) -> Family<GaugeSeries> {
        self.registry.family("conveyor_\(name)", help: help, labels: labels) { GaugeSeries() }
    }
    private static func histogram(_ name: String, _ help: String, _ bounds: [Double], _ labels: String...) -> Family<HistogramSeries> {
        self.registry.family("conveyor_\(name)", help: help, labels: labels) { HistogramSeries(bounds: bounds) }
    }

    // MARK: HTTP

    private static let httpRequests = counter("http_requests_total", "HTTP requests answered.", "method", "route", "status")
    private static let httpSeconds = histogram(
        "http_request_seconds", "From a request's head to its answer's end.", HistogramSeries.short, "method", "route")

    /// `conveyor_http_requests_total` and `conveyor_http_request_seconds`: a request was answered.
    /// - Parameter route: the route's pattern, e.g. `/api/v1/orders/{id}`, never a path with ids in it.
    public static func httpRequest(method: String, route: String, status: Int, seconds: Double) {
        self.httpRequests.with(LabelValues(method, route, String(status))).increment(by: Int64(1))
        self.httpSeconds.with(LabelValues(method, route)).record(seconds)
    }

    // MARK: Messages

    private static let handledTotal = counter("messages_handled_total", "Messages handled, by how it ended.", "queue", "type", "outcome")
    private static let handlerTime = histogram(
        "handler_seconds", "Time a handler took for a batch, with its commit.", HistogramSeries.short, "queue", "type")
    private static let delay = histogram("queue_delay_seconds", "From a message's publishing to its handling.", HistogramSeries.waiting, "queue")
    private static let retriesTotal = counter("retries_total", "Messages sent to the retry schedule.", "queue", "type")
    private static let deadTotal = counter("dead_letters_total", "Messages that became dead letters.", "queue", "type", "error_type")
    private static let sizes = histogram("batch_size", "Messages handled together.", HistogramSeries.sizes, "queue")

    /// `conveyor_messages_handled_total`: messages by outcome (`succeeded`, `rejected`, `duplicate`, `retried`, `dead`).
    public static func handled(queue: String, type: String, outcome: String, count: Int = 1) {
        self.handledTotal.with(LabelValues(queue, type, outcome)).increment(by: Int64(count))
    }

    /// `conveyor_handler_seconds`: the duration of a handler for a batch.
    public static func handlerSeconds(queue: String, type: String, seconds: Double) {
        self.handlerTime.with(LabelValues(queue, type)).record(seconds)
    }

    /// `conveyor_queue_delay_seconds`: the time between publishing and handling, for a number of messages.
    public static func queueDelay(queue: String, seconds: Double, count: Int = 1) {
        self.delay.with(LabelValues(queue)).record(seconds, count: count)
    }

    /// `conveyor_retries_total`: messages that were sent to a retry queue.
    public static func retries(queue: String, type: String, count: Int = 1) {
        self.retriesTotal.with(LabelValues(queue, type)).increment(by: Int64(count))
    }

    /// `conveyor_dead_letters_total`: messages that became dead letters.
    /// - Parameter errorType: a type of the contract, e.g. `invalid_payload`.
    public static func deadLetters(queue: String, type: String, errorType: String, count: Int = 1) {
        self.deadTotal.with(LabelValues(queue, type, errorType)).increment(by: Int64(count))
    }

    /// `conveyor_batch_size`: the number of messages in a batch.
    public static func batchSize(queue: String, size: Int) { self.sizes.with(LabelValues(queue)).record(Double(size)) }

    // MARK: Broker and database

    private static let confirm = histogram("publish_confirm_seconds", "From publishing to the broker's confirm.", HistogramSeries.short)
    private static let notConfirmed = counter("publish_failures_total", "Messages that the broker did not confirm.", "reason")
    private static let connected = gauge("broker_connected", "1 while there is a connection to the broker.", "connection")
    private static let blocked = gauge("broker_blocked", "1 while the broker takes no messages: its memory or disk alarm is on.")
    private static let pool = gauge("database_pool_connections", "Connections to Postgres, and who waits for one.", "state")
    private static let messages = gauge("queue_messages", "Messages in a queue.", "queue", "state")
    private static let oldest = gauge("queue_oldest_seconds", "Age of a queue's oldest message; 0 if it is empty.", "queue")
    private static let consumers = gauge("queue_consumers", "Workers that take from a queue.", "queue")
    private static let limit = gauge("queue_limit", "Messages in a queue at which the ingress refuses writes for it.", "queue")
    private static let paused = gauge("queue_paused", "1 while an operator has paused a queue.", "queue")
    private static let seen = gauge("queues_seen_timestamp_seconds", "When the queues were last read from the broker, since 1970.")
    private static let expiryLag = gauge("expiry_lag_seconds", "How late the oldest unhandled payment deadline is; 0 if there is none.")

    /// `conveyor_publish_confirm_seconds`: the time until the broker confirmed a number of messages.
    public static func publishConfirm(seconds: Double, count: Int = 1) { self.confirm.with(LabelValues()).record(seconds, count: count) }

    /// `conveyor_publish_failures_total`: messages that the broker did not confirm.
    /// - Parameter reason: `unreachable`, `blocked`, `unroutable`, `refused`, `notConfirmed`.
    public static func publishFailed(reason: String, count: Int = 1) { self.notConfirmed.with(LabelValues(reason)).increment(by: Int64(count)) }

    /// `conveyor_broker_connected`: whether the connection is open.
    static func brokerConnected(_ connection: String, _ isConnected: Bool) { self.connected.with(LabelValues(connection)).set(isConnected ? 1.0 : 0) }

    /// `conveyor_broker_blocked`: whether the broker accepts no messages.
    static func brokerBlocked(_ isBlocked: Bool) { self.blocked.with(LabelValues()).set(isBlocked ? 1.0 : 0) }

    /// `conveyor_database_pool_connections`: the number of connections in a state.
    static func databasePool(state: String, count: Int) { self.pool.with(LabelValues(state)).set(Int64(count)) }

    /// `conveyor_queue_messages`: a queue's messages in a state (`ready`, `unacked`, `retrying`, `dead`). Exported by the recorder.
    public static func queueMessages(queue: String, state: String, count: Int) { self.messages.with(LabelValues(queue, state)).set(Int64(count)) }

    /// `conveyor_queue_oldest_seconds`: the age of a queue's oldest message. Exported by the recorder.
    public static func queueOldest(queue: String, seconds: Double) { self.oldest.with(LabelValues(queue)).set(seconds) }

    /// `conveyor_queue_consumers`, `conveyor_queue_paused` and `conveyor_queue_limit`: a queue's consumers, pause and limit. Exported by the
    /// recorder.
    /// - Parameter limit: nil if the queue has none.
    public static func queueState(queue: String, consumers: Int, isPaused: Bool, limit: Int?) {
        self.consumers.with(LabelValues(queue)).set(Int64(consumers))
        self.paused.with(LabelValues(queue)).set(isPaused ? 1.0 : 0)
        if let limit { self.limit.with(LabelValues(queue)).set(Int64(limit)) }
    }

    /// `conveyor_queues_seen_timestamp_seconds`: when the queues were last read. Exported by the recorder.
    public static func queuesSeen() { self.seen.with(LabelValues()).set(Double(Clock.milliseconds()) / 1000) }

    /// `conveyor_expiry_lag_seconds`: how long ago the oldest unhandled payment deadline passed. Exported by the recorder.
    public static func expiryLag(seconds: Double) { self.expiryLag.with(LabelValues()).set(seconds) }

    /// Removes ``queueMessages(queue:state:count:)`` and ``queueOldest(queue:seconds:)``, so that a deleted queue disappears.
    public static func forgetQueues() {
        self.messages.removeAll()
        self.oldest.removeAll()
    }

    // MARK: Telemetry

    private static let dropped = counter(
        "exports_dropped_total", "Spans, transactions and events that their receiver did not get.", "destination")

    /// `conveyor_exports_dropped_total`: items that a destination (`otlp`, `sentry`) did not get.
    static func exportsDropped(destination: String, count: Int) { self.dropped.with(LabelValues(destination)).increment(by: Int64(count)) }

    // MARK: External services

    private static let calls = counter("calls_total", "Calls to Stripe, the mail server and the like, by how they ended.", "kind", "name", "outcome")
    private static let callTime = histogram("call_seconds", "Time that a call took, with its quick tries.", HistogramSeries.short, "kind", "name")
    private static let misconfiguration = gauge("misconfigured", "1 while the world outside refuses the part's settings, e.g. Stripe its key.")

    /// `conveyor_calls_total` and `conveyor_call_seconds`: an external call has ended.
    /// - Parameters:
    ///   - kind: `stripe`, `mail` or `sms`.
    ///   - name: without ids, e.g. `POST /v1/payment_intents`, or the kind of an e-mail.
    ///   - outcome: `succeeded`, `refused` (for good), `failed` (may succeed later), `misconfigured`.
    public static func call(kind: String, name: String, outcome: String, seconds: Double) {
        self.calls.with(LabelValues(kind, name, outcome)).increment(by: Int64(1))
        self.callTime.with(LabelValues(kind, name)).record(seconds)
    }

    /// `conveyor_misconfigured`: whether an external service refuses the worker's settings.
    static func misconfigured(_ isMisconfigured: Bool) { self.misconfiguration.with(LabelValues()).set(isMisconfigured ? 1.0 : 0) }

    // MARK: The process

    private static let build = gauge("build_info", "1; its labels say what runs.", "part", "version")

    /// `conveyor_build_info`: the running version.
    static func running(part: String) { self.build.with(LabelValues(part, ConveyorVersion.current)).set(Int64(1)) }
}
