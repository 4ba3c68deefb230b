import Conveyor
import Hummingbird
import Postgres

/// `/types`: statistics by message type; `/schedules`: recurring work.
struct FiguresPages: Sendable {
    let pool: PostgresPool
    let renderer: Renderer

    func add(to router: Router<ConsoleContext>) {
        router.get("/types", use: self.showTypes)
        router.get("/schedules", use: self.showSchedules)
        for change in [ScheduleBoard.Change.run, .pause, .resume] {
            router.post("/schedules/:name/\(change.rawValue)") { _, context in
                let actor = try context.actor(for: .runSchedules)
                try await ScheduleBoard(pool: self.pool).change(try context.parameters.require("name"), change, by: actor)
                let notice: Notice =
                    switch change {
                    case .run: .scheduleRun
                    case .pause: .schedulePaused
                    case .resume: .scheduleResumed
                    }
                return Response.redirect(to: "/schedules?notice=\(notice.rawValue)")
            }
        }
    }

    @Sendable func showTypes(_ request: Request, context: ConsoleContext) async throws -> Response {
        func span(_ milliseconds: Double?) -> Listing.Cell { .number(milliseconds.map { Quantity.span(milliseconds: $0) } ?? "–") }
        func share(_ share: Double) -> Listing.Cell { .number(Quantity.percent(share), tone: share > 0 ? "warn" : "zero") }
        var listing = Listing(title: "Message types")
        listing.columns = [
            .init(title: "Queue"), .init(title: "Type"), .init(title: "Handled, hour", isNumber: true), .init(title: "Failed", isNumber: true),
            .init(title: "Waited p50", isNumber: true), .init(title: "Waited p95", isNumber: true), .init(title: "Took p50", isNumber: true),
            .init(title: "Took p95", isNumber: true), .init(title: "Handled, day", isNumber: true), .init(title: "Failed, day", isNumber: true),
            .init(title: "Waited p95, day", isNumber: true), .init(title: "Took p95, day", isNumber: true),
        ]
        for type in try await TypeFigures.all(in: self.pool) {
            listing.add([
                .text(type.queue), .text(type.type), .number(Quantity.count(Int(type.hour.count))), share(type.hour.failureShare),
                span(type.hour.queueDelayP50), span(type.hour.queueDelayP95), span(type.hour.handlingP50), span(type.hour.handlingP95),
                .number(Quantity.count(Int(type.day.count))), share(type.day.failureShare), span(type.day.queueDelayP95), span(type.day.handlingP95),
            ])
        }
        listing.none = "No message was handled within a day."
        listing.note =
            "Failed: share of the attempts. Waited: from sending to handling. Took: time of the transaction of the batch. p50 is the median; 95 of 100 messages stay below p95."
        return try self.renderer.respond("listing", title: "Message types", section: "/types", listing, context: context)
    }

    @Sendable func showSchedules(_ request: Request, context: ConsoleContext) async throws -> Response {
        let now = Clock.milliseconds()
        var listing = Listing(title: "Schedules")
        listing.columns = [
            .init(title: "Name"), .init(title: "Every"), .init(title: "Last"), .init(title: "Outcome"), .init(title: "Took", isNumber: true),
            .init(title: "Next"), .init(title: "Detail"),
        ]
        for schedule in try await ScheduleBoard(pool: self.pool).list() {
            let path = "/schedules/" + Form.escaped(schedule.name)
            listing.add(
                [
                    .text(schedule.name), .text(schedule.every), .text(schedule.lastAt.map { Moment($0, now: now).ago } ?? "never"),
                    schedule.outcome.map { Listing.Cell.badge($0, tone: $0) } ?? .text("–"),
                    .number(schedule.tookMilliseconds.map { Quantity.span(milliseconds: Double($0)) } ?? "–"),
                    schedule.isPaused ? .badge("paused", tone: "paused") : .text(schedule.nextAt.map { Moment($0, now: now).ago } ?? "–"),
                    .long(schedule.detail ?? ""),
                ],
                acts: !context.may(.runSchedules)
                    ? []
                    : [
                        .init(name: "Run now", subject: schedule.name, path: path + "/run"),
                        schedule.isPaused
                            ? .init(name: "Resume", subject: schedule.name, path: path + "/resume")
                            : .init(name: "Pause", subject: schedule.name, path: path + "/pause"),
                    ])
        }
        listing.none = "No schedule is registered yet. Are the workers running?"
        return try self.renderer.respond(
            "listing", title: "Schedules", section: "/schedules", notice: request.fields["notice"].flatMap { Notice(rawValue: $0)?.text }, listing,
            context: context)
    }
}
