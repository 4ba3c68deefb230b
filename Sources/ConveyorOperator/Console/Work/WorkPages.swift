import Conveyor
import HTTPTypes
import Hummingbird
import Postgres
import RabbitMQ

/// `/running`, `/waiting`, `/skip` and `/send`.
struct WorkPages: Sendable {
    let pool: PostgresPool
    let publisher: Publisher
    let waiting: WaitingMessages
    let queues: [String]
    let renderer: Renderer

    func add(to router: Router<ConsoleContext>) {
        router.get("/running", use: self.showRunning)
        router.get("/waiting", use: self.showWaiting)
        router.get("/skip") { request, context in try await self.skipPage(request, context) }
        router.post("/skip", use: self.skip)
        router.post("/skip/:id/lift", use: self.lift)
        router.get("/send") { request, context in
            _ = try context.actor(for: .send)
            return try self.sendPage(context, type: request.fields.text("type"))
        }
        router.post("/send", use: self.send)
    }

    private func respond(_ listing: Listing, _ context: ConsoleContext, notice: String? = nil, status: HTTPResponse.Status = .ok) throws -> Response {
        try self.renderer.respond("listing", title: listing.title, section: "/running", notice: notice, listing, context: context, status: status)
    }

    private func queue(_ fields: Form) throws -> String? {
        guard let queue = fields.text("queue") else { return nil }
        guard self.queues.contains(queue) else { throw PageError(.notFound, "There is no queue \(queue.visible.shortened(to: 100)).") }
        return queue
    }

    // MARK: Running and waiting

    @Sendable func showRunning(_ request: Request, context: ConsoleContext) async throws -> Response {
        let messages = try await RunningMessage.all(in: self.pool)
        var listing = Listing(title: "Running", summary: Quantity.count(messages.count, "message"), tabs: WorkTabs.of("/running"))
        listing.columns = [
            .init(title: "Held for", isNumber: true), .init(title: "Queue"), .init(title: "Type"), .init(title: "Attempt", isNumber: true),
            .init(title: "Worker"), .init(title: "Message"),
        ]
        for message in messages {
            listing.add([
                .number(Quantity.span(milliseconds: message.ageSeconds * 1000), tone: message.ageSeconds > 60 ? "warn" : ""), .text(message.queue),
                .text(message.type), .number("\(message.attempt)"), .text(message.worker),
                .id(message.messageID.description, link: "/trace/\(message.messageID)"),
            ])
        }
        listing.none = "No worker holds a message for longer than half a second."
        listing.note = "Workers report every second the messages that they have held for half a second or longer."
        return try self.respond(listing, context)
    }

    @Sendable func showWaiting(_ request: Request, context: ConsoleContext) async throws -> Response {
        let queue = try self.queue(request.fields) ?? self.queues.first ?? ""
        let type = request.fields.text("type")
        let (messages, source) = try await self.waiting.list(queue: queue, type: type, limit: 100)
        var listing = Listing(title: "Waiting", summary: queue, tabs: WorkTabs.of("/waiting"))
        listing.filter = .init(
            action: "/waiting",
            fields: [
                .choice("queue", "Queue", self.queues, chosen: queue), .init(name: "type", label: "Type", value: type ?? "", hint: "orders.place"),
            ])
        listing.columns = [
            .init(title: "Waits for", isNumber: true), .init(title: "Type"), .init(title: "Attempt", isNumber: true), .init(title: "Actor"),
            .init(title: "Message"),
        ]
        for message in messages {
            listing.add([
                .number(Quantity.span(milliseconds: message.ageSeconds * 1000)), .text(message.type), .number("\(message.attempt)"),
                .text(message.actor ?? "–"), .id(message.messageID.description, link: "/trace/\(message.messageID)"),
            ])
        }
        listing.none = "No message is visible."
        listing.note = "The first 100, " + source.note + "."
        return try self.respond(listing, context)
    }

    // MARK: Skip rules

    private func skipPage(
        _ request: Request, _ context: ConsoleContext, status: HTTPResponse.Status = .ok, notice: String? = nil, problem: String? = nil
    ) async throws -> Response {
        let form = context.form
        var listing = Listing(title: "Skip rules", tabs: WorkTabs.of("/skip"), problem: problem)
        listing.columns = [
            .init(title: "Rule", isNumber: true), .init(title: "Queue"), .init(title: "Type"), .init(title: "Actor"), .init(title: "Sent"),
            .init(title: "Caught", isNumber: true), .init(title: "By"), .init(title: "State"), .init(title: "Reason"),
        ]
        let now = Clock.milliseconds()
        for skip in try await Skips(pool: self.pool).list() {
            let isLifted = skip.liftedAt != nil
            listing.add(
                [
                    .number("\(skip.id)"), .text(skip.conditions.queue), .text(skip.conditions.type ?? "any"), .text(skip.conditions.actor ?? "any"),
                    .text(skip.conditions.time), .number(Quantity.count(Int(skip.caught))), .text("\(skip.by), \(Moment(skip.at, now: now).ago)"),
                    isLifted ? .text("lifted", tone: "zero") : .badge("in force", tone: "paused"), .long(skip.reason),
                ], acts: isLifted || !context.may(.skip) ? [] : [.init(name: "Lift", subject: "rule \(skip.id)", path: "/skip/\(skip.id)/lift")])
        }
        listing.none = "There are no skip rules."
        if context.may(.skip) {
            listing.form = .init(
                title: "Skip messages",
                intro:
                    "The queue's workers reject all that match, for good, within three seconds and until the rule is lifted. The operations end as "
                    + "rejected with the code “skipped”; customers are not told the reason.", action: "/skip",
                fields: [
                    .choice("queue", "Queue", self.queues, chosen: form.text("queue")),
                    .init(name: "type", label: "Type", value: form.text("type") ?? "", hint: "any"),
                    .init(name: "actor", label: "Actor", value: form.text("actor") ?? "", hint: "any"),
                    .init(name: "since", label: "Sent since", value: form.text("since") ?? "", hint: "2h, or a time"),
                    .init(name: "until", label: "Sent until", value: form.text("until") ?? "", hint: "now, or a time"),
                    .init(name: "reason", label: "Reason, for operators", value: form.text("reason") ?? ""),
                ], buttons: [.init(value: "try", name: "How many would it catch?"), .init(value: "skip", name: "Skip them", class: "danger")])
        }
        return try self.respond(listing, context, notice: notice ?? request.fields["notice"].flatMap { Notice(rawValue: $0)?.text }, status: status)
    }

    @Sendable func skip(_ request: Request, context: ConsoleContext) async throws -> Response {
        let actor = try context.actor(for: .skip)
        let form = context.form
        guard let queue = try self.queue(form) else { throw PageError(.unprocessableContent, "Choose a queue.") }
        func time(_ name: String) throws -> Since? {
            guard let text = form.text(name) else { return nil }
            guard let time = Since(argument: text) else {
                throw PageError(.unprocessableContent, "“\(text.visible.shortened(to: 50))” is no time: write 15m, 2h, 7d or 2026-11-30T12:00:00Z.")
            }
            return time
        }
        let conditions = Skip.Conditions(
            queue: queue, type: form.text("type"), actor: form.text("actor"), since: try time("since")?.date, until: try time("until")?.date)
        if form["do"] == "try" {
            let (messages, source) = try await self.waiting.list(queue: queue, type: nil, limit: 10_000)
            let count = messages.count(where: conditions.catches)
            return try await self.skipPage(
                request, context,
                notice: "It would catch \(Quantity.count(count)) of \(Quantity.count(messages.count, "message")) that wait, \(source.note).")
        }
        guard let reason = form.text("reason") else {
            return try await self.skipPage(request, context, status: .unprocessableContent, problem: "Say why: other operators will want to know.")
        }
        _ = try await Skips(pool: self.pool).add(conditions, reason: reason, by: actor)
        return .redirect(to: "/skip?notice=\(Notice.skipping.rawValue)")
    }

    @Sendable func lift(_ request: Request, context: ConsoleContext) async throws -> Response {
        let actor = try context.actor(for: .skip)
        guard let id = Int64(try context.parameters.require("id")) else { throw PageError(.notFound, "There is no such rule.") }
        try await Skips(pool: self.pool).lift(id, by: actor)
        return .redirect(to: "/skip?notice=\(Notice.skipLifted.rawValue)")
    }

    // MARK: Sending

    private func sendPage(
        _ context: ConsoleContext, type: String?, status: HTTPResponse.Status = .ok, notice: String? = nil, problem: String? = nil
    ) throws -> Response {
        let form = context.form
        var listing = Listing(title: "Send a message", tabs: WorkTabs.of("/send"), problem: problem)
        listing.none = "The trace shows what happens to a sent message; the audit log shows who sent it."
        listing.form = .init(
            title: "The message", action: "/send",
            fields: [
                .choice("type", "Type", self.waiting.application.messages.map { $0.type }.sorted(), chosen: type),
                .init(name: "delay", label: "Delay", value: form.text("delay") ?? "", hint: "none, 5s, 10m, 2h"),
            ], area: .init(label: "Payload, JSON", text: form["payload"] ?? "{}"),
            buttons: [.init(value: "try", name: "Only check it"), .init(value: "send", name: "Send", class: "primary")])
        return try self.respond(listing, context, notice: notice, status: status)
    }

    @Sendable func send(_ request: Request, context: ConsoleContext) async throws -> Response {
        let actor = try context.actor(for: .send)
        let form = context.form
        let type = form.text("type") ?? ""
        let delay = form.text("delay").map { Delay(argument: $0) }
        if case .some(nil) = delay {
            return try self.sendPage(context, type: type, status: .unprocessableContent, problem: "A delay is written as 5s, 10m or 2h, 30d at most.")
        }
        do {
            let payload = Array((form["payload"] ?? "").replacing("\r\n", with: "\n").utf8)
            let draft = try MessageSender.Draft(type: type, payload: payload, by: self.waiting.application)
            if form["do"] == "try" { return try self.sendPage(context, type: type, notice: "It is a valid \(type). Nothing was sent.") }
            let id = try await MessageSender(pool: self.pool, publisher: self.publisher).send(draft, delay: (delay ?? nil)?.seconds, by: actor)
            return .redirect(to: delay == nil ? "/trace/\(id)" : "/audit?act=send")
        } catch let error as MessageSender.Invalid {
            return try self.sendPage(context, type: type, status: .unprocessableContent, problem: "Nothing was sent: \(error).".visible)
        } catch let error as Unavailable {
            return try self.sendPage(context, type: type, status: .serviceUnavailable, problem: "Nothing was sent: \(error).".visible)
        }
    }
}
