import CoreMetrics
import Testing

@testable import Conveyor

@Suite struct MetricsTests {
    @Test func `counters, gauges and histograms have Prometheus' format`() {
        let metrics = PrometheusMetrics()
        metrics.family("b_total", help: "Bs.", labels: ["queue", "outcome"]) { CounterSeries() }.with(LabelValues("orders", "done")).increment(
            by: Int64(3))
        metrics.family("b_total", help: "Bs.", labels: ["queue", "outcome"]) { CounterSeries() }.with(LabelValues("email", "done")).increment(by: 0.5)
        metrics.family("a", help: "An a\\b.", labels: []) { GaugeSeries() }.with(LabelValues()).set(1.25)
        let histogram = metrics.family("c_seconds", help: "Cs.", labels: ["queue"]) { HistogramSeries(bounds: [0.1, 1]) }.with(LabelValues("orders"))
        for value in [0.05, 0.1, 0.5, 7] { histogram.record(value) }
        #expect(
            Self.own(metrics.render()) == """
                # HELP a An a\\\\b.
                # TYPE a gauge
                a 1.25
                # HELP b_total Bs.
                # TYPE b_total counter
                b_total{queue="email",outcome="done"} 0.5
                b_total{queue="orders",outcome="done"} 3
                # HELP c_seconds Cs.
                # TYPE c_seconds histogram
                c_seconds_bucket{queue="orders",le="0.1"} 2
                c_seconds_bucket{queue="orders",le="1"} 3
                c_seconds_bucket{queue="orders",le="+Inf"} 4
                c_seconds_sum{queue="orders"} 7.65
                c_seconds_count{queue="orders"} 4

                """)
    }

    /// Without the metrics of the process.
    private static func own(_ text: String) -> String {
        String(text.prefix(upTo: text.firstRange(of: "# HELP process_")?.lowerBound ?? text.endIndex))
    }

    @Test func `labels are escaped`() {
        let metrics = PrometheusMetrics()
        metrics.family("a", help: "", labels: ["x"]) { GaugeSeries() }.with(LabelValues("a\\b\"c\nd")).set(Int64(1))
        #expect(metrics.render().contains(#"a{x="a\\b\"c\nd"} 1"#))
    }

    @Test func `a label with external values does not fill the memory`() {
        let metrics = PrometheusMetrics()
        let family = metrics.family("a_total", help: "", labels: ["type"]) { CounterSeries() }
        for number in 0..<5000 { family.with(LabelValues("type \(number)")).increment(by: Int64(1)) }
        let text = Self.own(metrics.render())
        #expect(text.split(separator: "\n").count <= 2003)
        #expect(text.contains(#"a_total{type="other"} 3000"#))
    }

    @Test func `recording by many threads loses nothing`() async {
        let metrics = PrometheusMetrics()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for number in 0..<5000 {
                        metrics.family("n_total", help: "", labels: ["k"]) { CounterSeries() }.with(LabelValues("\(number % 3)")).increment(
                            by: Int64(1))
                        metrics.family("h", help: "", labels: []) { HistogramSeries(bounds: [1]) }.with(LabelValues()).record(0.5)
                    }
                }
            }
        }
        let text = metrics.render()
        #expect(text.contains("n_total{k=\"0\"} 6668") && text.contains("n_total{k=\"1\"} 6668") && text.contains("n_total{k=\"2\"} 6664"))
        #expect(text.contains("h_sum 10000\nh_count 20000"))
    }

    @Test func `libraries record through swift-metrics`() {
        let metrics = PrometheusMetrics()
        CoreMetrics.Counter(label: "http.requests", dimensions: [("status", "200"), ("method", "GET")], factory: metrics).increment(by: 2)
        CoreMetrics.Counter(label: "http.requests", dimensions: [("method", "PUT"), ("status", "404")], factory: metrics).increment()
        CoreMetrics.Timer(label: "request.duration", dimensions: [], preferredDisplayUnit: .seconds, factory: metrics).recordMilliseconds(20)
        let meter = CoreMetrics.Meter(label: "tasks", dimensions: [], factory: metrics)
        meter.increment(by: 3.0)
        meter.decrement()
        CoreMetrics.Gauge(label: "1st", dimensions: [], factory: metrics).record(7)
        let text = metrics.render()
        #expect(text.contains("http_requests_total{status=\"200\",method=\"GET\"} 2\nhttp_requests_total{status=\"404\",method=\"PUT\"} 1\n"))
        #expect(text.contains("request_duration_seconds_bucket{le=\"0.025\"} 1\n"))
        #expect(text.contains("\ntasks 2\n"))
        #expect(text.contains("\n_1st 7\n"))
    }

    @Test func `the metrics have the names and labels that dashboards read`() {
        Metrics.httpRequest(method: "GET", route: "/api/v1/orders/{id}", status: 200, seconds: 0.003)
        Metrics.handled(queue: "orders", type: "orders.place", outcome: "succeeded", count: 64)
        Metrics.handlerSeconds(queue: "orders", type: "orders.place", seconds: 0.02)
        Metrics.queueDelay(queue: "orders", seconds: 0.1, count: 2)
        Metrics.retries(queue: "orders", type: "orders.place")
        Metrics.deadLetters(queue: "orders", type: "orders.place", errorType: "invalid_payload")
        Metrics.batchSize(queue: "orders", size: 64)
        Metrics.publishConfirm(seconds: 0.004, count: 3)
        Metrics.databasePool(state: "idle", count: 2)
        Metrics.queueMessages(queue: "orders", state: "ready", count: 9)
        Metrics.queueOldest(queue: "orders", seconds: 1.5)
        let text = PrometheusMetrics.shared.render()
        for line in [
            #"conveyor_http_requests_total{method="GET",route="/api/v1/orders/{id}",status="200"} 1"#,
            #"conveyor_http_request_seconds_count{method="GET",route="/api/v1/orders/{id}"} 1"#,
            #"conveyor_messages_handled_total{queue="orders",type="orders.place",outcome="succeeded"} 64"#,
            #"conveyor_handler_seconds_count{queue="orders",type="orders.place"} 1"#, #"conveyor_queue_delay_seconds_count{queue="orders"} 2"#,
            #"conveyor_retries_total{queue="orders",type="orders.place"} 1"#,
            #"conveyor_dead_letters_total{queue="orders",type="orders.place",error_type="invalid_payload"} 1"#,
            #"conveyor_batch_size_bucket{queue="orders",le="64"} 1"#,
            #"conveyor_database_pool_connections{state="idle"} 2"#, #"conveyor_queue_messages{queue="orders",state="ready"} 9"#,
            #"conveyor_queue_oldest_seconds{queue="orders"} 1.5"#,
        ] { #expect(text.contains(line + "\n"), "\(line)") }
        // Other tests publish at the same time.
        #expect(text.contains(/conveyor_publish_confirm_seconds_count ([3-9]|\d\d+)\n/))
        Metrics.forgetQueues()
        #expect(!PrometheusMetrics.shared.render().contains("conveyor_queue_oldest_seconds{"))
    }

    @Test func `the process reports its use of resources`() throws {
        var values: [String: Double] = [:]
        for line in PrometheusMetrics().render().split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ")
            values[String(parts[0])] = Double(parts[1])
        }
        #expect(try #require(values["process_resident_memory_bytes"]) > 1_048_576)
        #expect(try #require(values["process_cpu_seconds_total"]) >= 0)
        #expect(try #require(values["process_open_fds"]) >= 3)
        #expect(try #require(values["process_threads"]) >= 1)
        let age = Double(Clock.seconds()) - (try #require(values["process_start_time_seconds"]))
        #expect((-2...3600).contains(age))
    }

    @Test func `values on demand are read when the metrics are requested`() {
        let metrics = PrometheusMetrics()
        let gauge = metrics.family("idle", help: "", labels: []) { GaugeSeries() }.with(LabelValues())
        metrics.collect { gauge.increment(by: 1) }
        #expect(metrics.render().contains("\nidle 1\n"))
        #expect(metrics.render().contains("\nidle 2\n"))
    }
}
