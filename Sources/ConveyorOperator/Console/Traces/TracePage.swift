import Conveyor
import HTTPTypes
import Hummingbird
import Postgres

/// `/trace/{id}`: the whole chain of a message, or of what the application traces, over time and as a tree.
struct TracePage: Sendable {
    let traces: TraceStore
    let renderer: Renderer

    struct Content: Sendable {
        let heading: String
        let figures: [Figure]
        let legend: [LegendEntry]
        let picture: TracePicture
        let tree: String
        /// Whether more may follow.
        let isOpen: Bool
    }

    /// A kind of call, in its colour.
    struct LegendEntry: Sendable {
        let name: String
        let tone: String
    }

    struct Figure: Sendable {
        let name: String
        let value: String
        let tone: String
    }

    func add(to router: Router<ConsoleContext>) {
        router.get("/trace/:id", use: self.show)
    }

    @Sendable func show(_ request: Request, context: ConsoleContext) async throws -> Response {
        // A client may have escaped the sign of an order number.
        let raw = try context.parameters.require("id").replacing("+", with: "%2B").replacing("&", with: "%26")
        let id = Form("id=" + raw)["id"] ?? ""
        let roots = try await self.traces.find(id)
        guard !roots.isEmpty else {
            let things = self.traces.application.traces.things
            throw PageError(.notFound, "No \(things) has the id \(id.visible.shortened(to: 100)), or its history has expired.")
        }
        let heading = try await self.heading(roots.lazy.flatMap(\.all).compactMap(\.subject).first)
        return try self.renderer.respond(
            "trace", title: heading ?? "Trace", search: id,
            Self.content(id, roots, heading: heading, calls: self.traces.application.traces.calls, now: Clock.milliseconds()), context: context)
    }

    private func heading(_ subject: Subject?) async throws -> String? {
        guard let subject else { return nil }
        return try await self.traces.application.traces.heading(subject, self.traces.pool)
    }

    /// - Parameters:
    ///   - heading: the heading of the subject.
    ///   - calls: the kinds of calls, for the legend.
    static func content(_ id: String, _ roots: [TraceNode], heading: String? = nil, calls: [TraceExtension.CallKind] = [], now: Int64) -> Content {
        let nodes = roots.flatMap(\.all)
        let times = nodes.map { node in (from: Clock.milliseconds(node.at), to: Clock.milliseconds(node.at) + Int64(node.ms ?? 0)) }
        let (first, last) = (times.map(\.from).min() ?? now, times.map(\.to).max() ?? now)
        let messages = nodes.count(where: \.isMessage)
        let failures = nodes.count(where: \.isFailure)
        let dead = nodes.count(where: \.isDead)
        let waiting = nodes.count(where: \.isWaiting)
        var figures = [
            Figure(name: "began \(Moment(milliseconds: first, now: now).ago)", value: Moment(milliseconds: first, now: now).clock, tone: ""),
            Figure(name: "from first to last", value: Quantity.span(milliseconds: Double(last - first)), tone: ""),
            Figure(name: messages == 1 ? "message" : "messages", value: Quantity.count(messages), tone: ""),
            Figure(name: "not handled yet", value: Quantity.count(waiting), tone: waiting > 0 ? "warn" : ""),
            Figure(name: "failed attempts and calls", value: Quantity.count(failures), tone: failures > 0 ? "bad" : ""),
        ]
        if dead > 0 { figures.append(Figure(name: dead == 1 ? "dead letter" : "dead letters", value: Quantity.count(dead), tone: "bad")) }
        return Content(
            heading: heading ?? nodes.lazy.compactMap(\.subject).first.map { "\($0.type.capitalizedFirst) \($0.id)" }
                ?? id.visible.shortened(to: 120), figures: figures,
            legend: calls.compactMap { call in call.tone.map { LegendEntry(name: call.label, tone: $0) } }, picture: TracePicture(roots, now: now),
            tree: TraceText.text(roots), isOpen: waiting > 0 || now - last < 600_000)
    }
}
