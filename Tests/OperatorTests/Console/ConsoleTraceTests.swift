import Fixtures
import FoundationEssentials
import Testing

@testable import ConveyorOperator
@testable import Operator

/// A trace over time.
@Suite struct ConsoleTraceTests {
    @Test(arguments: ["-infinity", "infinity", "294000-01-01", "4700-01-01 BC"]) func `a message with an impossible time is shown`(time: String)
        async throws
    {
        try await withConsole { console in
            let id = "5d3c5a9e-0f6b-7f43-9a51-0a4a3c1f2b10"
            try await console.database.psql(
                """
                insert into inbox (message_id, correlation_id, sent_at, handled_at, took_us, attempt, decides, consumer, type, outcome)
                    values ('\(id)', '\(id)', '\(time)', now(), 2200, 1, true, 'orders', 'orders.place', 'succeeded')
                """)
            let client = try await console.signedIn()
            #expect(try await client.get("/trace/\(id)").status == 200)
            #expect(try await client.get("/trace/\(id)").text.contains("orders.place"))
        }
    }

    private static let order = "3d3c5a9e-0f6b-7f43-9a51-0a4a3c1f2b10"

    @Test func `an order's trace shows its waits, handlers, calls and failures as a picture and as text`() async throws {
        try await withConsole { console in
            try await console.database.psql(
                """
                insert into inbox (message_id, correlation_id, sent_at, handled_at, took_us, attempt, decides, consumer, type, outcome)
                    values ('\(Self.order)', '\(Self.order)', now() - interval '10 minutes', now() - interval '598 seconds', 2200, 2, true,
                            'orders', 'orders.place', 'succeeded');
                insert into attempts (message_id, correlation_id, at, next_at, attempt, queue, type, error_type, error)
                    values ('\(Self.order)', '\(Self.order)', now() - interval '599 seconds', now() - interval '598 seconds', 1, 'orders',
                            'orders.place', 'timed_out', 'it <b>took</b> too long');
                insert into inbox (message_id, correlation_id, causation_id, sent_at, handled_at, took_us, attempt, decides, consumer, type, outcome)
                    values ('4d3c5a9e-0f6b-4f43-9a51-0a4a3c1f2b10', '\(Self.order)', '\(Self.order)', now() - interval '60 seconds',
                            now() - interval '59 seconds', 9000, 1, false, 'payments', 'payments.create_intent', 'succeeded');
                insert into calls (message_id, correlation_id, at, took_us, kind, name, outcome)
                    values ('4d3c5a9e-0f6b-4f43-9a51-0a4a3c1f2b10', '\(Self.order)', now() - interval '59 seconds', 250000, 'stripe',
                            'POST /v1/payment_intents', '402 card_declined');
                """)
            let client = try await console.signedIn()
            let page = try await client.get("/trace/\(Self.order)")
            #expect(page.status == 200)
            let picture = try #require(page.text.firstRange(of: "<svg class=\"chart picture\"").map { page.text[$0.lowerBound...] })
            for (kind, count) in [("wait", 2), ("handler", 2), ("failed", 2)] {
                #expect(picture.matches(of: try Regex("<rect class=\"\(kind)\"")).count == count, "\(kind)")
            }
            for text in [
                "POST /orders", "orders.place", "orders-worker, attempt 2", "Stripe POST /v1/payment_intents", "402 card_declined",
                "it &lt;b&gt;took&lt;/b&gt; too long", "waited",
            ] { #expect(page.text.contains(text), "\(text)") }
            // Nine idle minutes do not compress the rest.
            #expect(page.text.contains("<rect class=\"break\"") && page.text.contains("8 min"))
            #expect(page.text.contains("└─ "))
            #expect(try await client.get("/search?q=\(Self.order)").location == "/trace/\(Self.order)")
        }
    }

    @Test func `a dead letter shows its subject`() async throws {
        try await withConsole { console in
            let id = try await console.addDeadLetter(error: "no stock of it")
            let page = try await console.signedIn().get("/dead/\(id)")
            #expect(page.text.contains(#"id="trace-title""#) && page.text.contains("As a picture"))
            let message = try #require(try await console.database.value("select message_id from dead_letters where id = '\(id)'"))
            let trace = try await console.signedIn().get("/trace/\(message)")
            #expect(trace.text.contains("dead letter: attempts_exhausted") && trace.text.contains("/dead/\(id)"))
        }
    }

    @Test func `idle time is cut, and steps keep their order and stay visible`() {
        let scale = TimeScale([(0, 5), (3, 10), (600_000, 600_010), (600_020, 600_025), (4_000_000, 4_000_000)])
        #expect(scale.breaks.map(\.milliseconds) == [599_990, 3_399_975])
        let times: [Double] = [0, 3, 5, 10, 600_000, 600_010, 600_020, 600_025, 4_000_000]
        let positions = times.map(scale.position)
        #expect(positions == positions.sorted() && positions.first == 0)
        #expect(positions.allSatisfy { (0...100).contains($0) })
        #expect(scale.position(10) - scale.position(0) > 20 && scale.position(600_025) - scale.position(600_000) > 20)
        // Evenly within a stretch.
        #expect(abs(scale.position(5) * 2 - scale.position(10)) < 0.001)
        // In a break, at its end.
        #expect(scale.position(300_000) == scale.position(600_000))
    }

    @Test func `a scale of one moment, or of nothing, is valid`() {
        #expect(TimeScale([]).position(5) == 0)
        #expect(TimeScale([(7, 7)]).position(7) == 0)
        #expect(TimeScale([(7, 7), (7, 7)]).breaks.isEmpty)
        #expect(TimeScale([(0, 100), (110, 200)]).breaks.isEmpty)
        #expect(TimeScale([(0, 1), (60_000, 60_001), (120_000, 120_001), (180_000, 180_001)]).breaks.count == 3)
    }

    @Test func `a trace of thousands of steps is drawn in part and written whole`() {
        func node(_ number: Int, _ children: [TraceNode] = []) -> TraceNode {
            TraceNode(
                id: "\(number)", kind: .handler, name: "orders", at: Date(timeIntervalSince1970: Double(number)), ms: 1, outcome: "succeeded",
                attempt: 1, children: children)
        }
        let root = node(0, (1...2000).map { node($0) })
        let picture = TracePicture([root], now: 3_000_000)
        #expect(picture.rows.count == 400 && picture.omitted == "1,601 more steps stand in the text alone.")
        #expect(TraceText.text([root]).split(separator: "\n").count == 2001)
        // An invented endless chain does not overflow the stack.
        var deep = node(0)
        for number in 1...5000 { deep = node(number, [deep]) }
        #expect(TracePicture([deep], now: 0).rows.count <= 400)
        #expect(!TraceText.text([deep]).isEmpty)
    }
}
