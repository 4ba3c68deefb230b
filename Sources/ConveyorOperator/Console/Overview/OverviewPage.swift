import Conveyor
import Hummingbird

/// `/`: the state of the system, and what needs attention.
struct OverviewPage: Sendable {
    let watch: Watch
    let deadLetters: DeadLetterStore
    let renderer: Renderer

    struct Content: Sendable {
        let verdict: Verdict
        let figures: [Figure]
        let rates: TimeChart
        let backlog: TimeChart
        let queues: [Queue]
        let hasQueues: Bool
        let groups: [GroupRow]
        let hasGroups: Bool
        let clients: [ClientRow]
        let mayAct: Bool
    }

    struct Figure: Sendable {
        let name: String
        let value: String
        let tone: String
    }

    struct Queue: Sendable {
        let name: String
        let isPaused: Bool
        let ready, unacked, retrying, dead, publishRate, deliverRate, consumers: Cell
        let oldest: String
        let spark: Sparkline
        let deadLink: String
    }

    /// A number, dimmed if it is 0 and red if it should be.
    struct Cell: Sendable {
        let text: String
        let tone: String

        init(_ number: Int, bad: Bool = false) {
            self.text = Quantity.count(number)
            self.tone = bad ? "bad" : number == 0 ? "zero" : ""
        }

        init(rate: Double) {
            self.text = Quantity.rate(rate)
            self.tone = self.text == "0" ? "zero" : ""
        }
    }

    /// A process, with all its connections.
    struct ClientRow: Sendable {
        let name: String
        let takes: String
        let host: String
        let connections: String
        let since: Moment
    }

    func add(to router: Router<ConsoleContext>) {
        router.get("/", use: self.show)
    }

    @Sendable func show(_ request: Request, context: ConsoleContext) async throws -> Response {
        async let groups = self.openGroups()
        async let past = self.history()
        var state = await self.watch.current()
        if let groups = await groups {
            state.openDeadLetters = groups.reduce(0) { $0 + $1.count }
            state.openGroups = groups.count
        }
        let notice = request.fields["notice"].flatMap { Notice(rawValue: $0)?.text }
        return try self.renderer.respond(
            "overview", title: "Overview", section: "/", notice: notice,
            Self.content(state, history: await past, groups: await groups ?? [], mayAct: context.may(.replay)),
            context: context)
    }

    /// nil if the database is unreachable: the verdict reports that.
    private func openGroups() async -> [DeadGroup]? { try? await self.deadLetters.groups() }

    private func history() async -> History {
        let now = Clock.milliseconds()
        do { return try await History(end: now, in: self.deadLetters.pool) } catch { return .empty(end: now) }
    }

    static func content(_ state: SystemState, history: History, groups: [DeadGroup], mayAct: Bool = true) -> Content {
        let queues = state.queues
        func series(_ name: String, _ tone: String, _ quantity: (History.Point) -> Double, _ text: @escaping @Sendable (Double) -> String)
            -> TimeChart.Series
        {
            .init(name: name, tone: tone, values: history.series(quantity), text: text)
        }
        let number: @Sendable (Double) -> String = { Quantity.count(Quantity.whole($0)) }
        func sum(_ value: (QueueStatus) -> Int) -> Int { queues.reduce(0) { $0 + value($1) } }
        let open = state.openDeadLetters ?? sum(\.dead)
        return Content(
            verdict: Verdict(state),
            figures: [
                Figure(name: "ready", value: Quantity.count(sum(\.ready)), tone: ""),
                Figure(name: "being handled", value: Quantity.count(sum(\.unacked)), tone: ""),
                Figure(name: "retrying", value: Quantity.count(sum(\.retrying)), tone: sum(\.retrying) > 0 ? "warn" : ""),
                Figure(name: "dead letters", value: Quantity.count(open), tone: open > 0 ? "bad" : ""),
                Figure(name: "in/s", value: Quantity.rate(queues.reduce(0) { $0 + $1.publishRate }), tone: ""),
                Figure(name: "handled/s", value: Quantity.rate(queues.reduce(0) { $0 + $1.deliverRate }), tone: ""),
            ],
            rates: TimeChart(
                id: "rates", title: "Messages per second", start: history.start, step: History.step, smallestScale: 1,
                series: [
                    series("in", "tone-in", \.publishRate, Quantity.rate), series("handled", "tone-out", \.deliverRate, Quantity.rate),
                ]),
            backlog: TimeChart(
                id: "backlog", title: "Waiting messages", start: history.start, step: History.step, smallestScale: 2,
                series: [
                    series("waiting", "tone-waiting", \.waiting, number), series("retrying", "tone-retrying", \.retrying, number),
                    series("dead", "tone-dead", \.dead, number),
                ]),
            queues: queues.map { queue in
                Queue(
                    name: queue.name, isPaused: queue.paused, ready: Cell(queue.ready), unacked: Cell(queue.unacked),
                    retrying: Cell(queue.retrying), dead: Cell(queue.dead, bad: queue.dead > 0), publishRate: Cell(rate: queue.publishRate),
                    deliverRate: Cell(rate: queue.deliverRate),
                    consumers: Cell(queue.consumers, bad: queue.consumers == 0 && !queue.paused),
                    oldest: queue.oldestSeconds.flatMap { $0 > 0 ? Quantity.span(seconds: Quantity.whole($0)) : nil } ?? "–",
                    spark: Sparkline(history.series(\.waiting, of: queue.name)),
                    deadLink: "/dead" + Form.query([("queue", queue.name), ("status", "open")]))
            },
            hasQueues: !queues.isEmpty, groups: groups.prefix(10).map { GroupRow($0) }, hasGroups: !groups.isEmpty,
            clients: Self.rows(of: state.clients, now: state.at), mayAct: mayAct)
    }

    /// A connection is named after its process and purpose; those of one process on one host are shown together.
    private static func rows(of clients: [ManagementAPI.Client], now: Int64) -> [ClientRow] {
        func part(_ client: ManagementAPI.Client) -> String { String(client.name.prefix { $0 != " " }) }
        func host(_ client: ManagementAPI.Client) -> String { String(client.peer[..<(client.peer.lastIndex(of: ":") ?? client.peer.endIndex)]) }
        let parts = Dictionary(grouping: clients) { "\(part($0)) \(host($0))" }
        return parts.sorted { $0.key < $1.key }.compactMap { _, clients in
            guard let first = clients.min(by: { $0.connectedAt < $1.connectedAt }) else { return nil }
            // A queue named by the broker is the process' own, for wake-ups.
            let queues = Set(clients.flatMap(\.queues).map { $0.hasPrefix("amq.gen-") ? "its own wake-up queue" : $0 }).sorted()
            return ClientRow(
                name: part(first).visible, takes: queues.isEmpty ? "–" : queues.joined(separator: ", "), host: host(first),
                connections: Quantity.count(clients.count), since: Moment(milliseconds: first.connectedAt, now: now))
        }
    }
}
