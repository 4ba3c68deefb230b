import Conveyor
import HTTPTypes
import Hummingbird

/// `/dead`: filtered dead letters, and their causes.
struct DeadLettersPage: Sendable {
    let deadLetters: DeadLetterStore
    let queues: [String]
    let renderer: Renderer

    struct Content: Sendable {
        let queues: [Choice]
        let statuses: [Choice]
        let type: String
        let group: String
        let search: String
        let total: String
        let groups: [GroupRow]
        let hasGroups: Bool
        let letters: [Row]
        let hasLetters: Bool
        let hasOpen: Bool
        /// The page that replays all open ones of this queue or group.
        let replayAll: String?
        /// The page that discards them.
        let discardAll: String?
        /// Whether the reader may replay and discard.
        let mayAct: Bool
        let next: String?
        let isFirst: Bool
        let first: String
    }

    struct Choice: Sendable {
        let value: String
        let name: String
        let isChosen: Bool
    }

    struct Row: Sendable {
        let id: String
        /// The end of the id, which distinguishes ids of the same time.
        let shortID: String
        let queue: String
        let type: String
        let errorType: String
        let error: String
        let attempts: String
        let status: String
        let isOpen: Bool
        let lastFailed: Moment

        init(_ letter: DeadLetter, now: Int64) {
            self.id = letter.id.description
            self.shortID = String(letter.id.description.suffix(8))
            self.queue = letter.queue
            self.type = letter.type.isEmpty ? "no type" : letter.type.visible.shortened(to: 100)
            self.errorType = letter.errorType
            self.error = letter.error.visible.shortened(to: 300)
            self.attempts = Quantity.count(letter.attempts)
            self.status = letter.status.rawValue
            self.isOpen = letter.status == .open
            self.lastFailed = Moment(letter.lastFailedAt, now: now)
        }
    }

    private static let pageSize = 50

    func add(to router: Router<ConsoleContext>) {
        router.get("/dead", use: self.show)
    }

    @Sendable func show(_ request: Request, context: ConsoleContext) async throws -> Response {
        let fields = request.fields
        // Open ones by default; for a cause or a search, all.
        let asked = fields["status"] ?? (fields.text("group") == nil && fields.text("q") == nil ? DeadStatus.open.rawValue : "")
        let status = DeadStatus(rawValue: asked)
        guard status != nil || asked.isEmpty || asked == "all" else { throw PageError(.badRequest, "A status is open, replayed or discarded.") }
        let filter = DeadLetterFilter(
            queue: fields.text("queue"), type: fields.text("type")?.withoutNUL, group: fields.text("group")?.withoutNUL, status: status,
            search: fields.text("q"), hidesPayloads: context.may(.seePayloads) ? nil : true)
        if let queue = filter.queue, !self.queues.contains(queue) {
            throw PageError(.notFound, "There is no queue \(queue.visible.shortened(to: 100)).")
        }
        let cursor = try fields.text("after").map { text throws(PageError) in
            guard let cursor = DeadLetterCursor(text) else { throw PageError(.badRequest, "This link is not valid any more.") }
            return cursor
        }

        async let found = self.deadLetters.list(filter, after: cursor, limit: Self.pageSize + 1)
        async let total = self.deadLetters.count(filter)
        // A single cause needs no summary.
        let groups = filter.group == nil && cursor == nil ? try await self.deadLetters.groups(filter) : []
        let letters = try await found
        if let group = filter.group, letters.isEmpty, filter == DeadLetterFilter(group: group, hidesPayloads: filter.hidesPayloads) {
            throw PageError(.notFound, "No dead letter is of the group \(group.visible.shortened(to: 100)).")
        }
        let now = Clock.milliseconds()
        let query: [(name: String, value: String?)] = [
            ("queue", filter.queue), ("type", filter.type), ("group", filter.group), ("status", filter.status?.rawValue ?? ""), ("q", filter.search),
        ]
        let page = Array(letters.prefix(Self.pageSize))
        let next = letters.count > Self.pageSize ? page.last.map { "/dead" + Form.query(query + [("after", DeadLetterCursor(after: $0).text)]) } : nil
        let mayAct = context.may(.replay)
        let hasOpen = page.contains { $0.status == .open }
        // A replay takes a queue or a group as a whole.
        let isWhole = filter.type == nil && filter.search == nil && (filter.queue == nil) != (filter.group == nil)
        let content = Content(
            queues: self.queues.map { Choice(value: $0, name: $0, isChosen: $0 == filter.queue) },
            statuses: DeadStatus.allCases.map { Choice(value: $0.rawValue, name: $0.rawValue, isChosen: $0 == filter.status) },
            type: filter.type ?? "", group: filter.group ?? "", search: filter.search ?? "",
            total: Quantity.count(try await total, "dead letter"), groups: groups.map { GroupRow($0, now: now) },
            hasGroups: groups.count > 1 || (groups.count == 1 && filter.queue == nil), letters: page.map { Row($0, now: now) },
            hasLetters: !page.isEmpty, hasOpen: hasOpen,
            replayAll: mayAct && isWhole && hasOpen ? "/dead/replay" + Form.query([("queue", filter.queue), ("group", filter.group)]) : nil,
            discardAll: "/dead/discard" + Form.query([("queue", filter.queue), ("group", filter.group)]), mayAct: mayAct, next: next,
            isFirst: cursor == nil, first: "/dead" + Form.query(query))
        return try self.renderer.respond(
            "dead_letters", title: "Dead letters", section: "/dead", notice: fields["notice"].flatMap { Notice(rawValue: $0)?.text }, content,
            context: context)
    }
}
