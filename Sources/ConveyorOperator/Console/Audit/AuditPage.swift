import Conveyor
import Hummingbird

/// `/audit`: the audit log.
struct AuditPage: Sendable {
    let log: AuditLog
    let renderer: Renderer

    struct Content: Sendable {
        let entries: [Row]
        let hasEntries: Bool
        let isAll: Bool
        let actor: String
        let act: String
        let next: String?
        let first: String
        let isFirst: Bool
    }

    struct Row: Sendable {
        let at: Moment
        let actor: String
        let act: String
        let subject: String
        let link: String?
        let reason: String

        init(_ entry: AuditLog.Entry, now: Int64) {
            self.at = Moment(entry.at, now: now)
            self.actor = entry.actor.visible
            self.act = entry.act.visible
            self.subject = entry.count > 1 ? Quantity.count(entry.count, "dead letter") : entry.subject.visible
            let job = entry.reason.flatMap { $0.hasPrefix("job ") ? ID(String($0.dropFirst(4))) : nil }
            self.link =
                switch entry.act {
                case "stop_job", "resume_job": ID(entry.subject).map { "/jobs/\($0)" }
                case "replay" where entry.count > 1: job.map { "/jobs/\($0)" }
                case "dead_lettered", "dead_lettered_again", "copy_seen", "replay", "edit", "discard", "send":
                    entry.count > 1 ? nil : ID(entry.subject).map { "/dead/\($0)" }
                default: nil
                }
            self.reason = entry.reason?.visible.shortened(to: 500) ?? ""
        }
    }

    private static let pageSize = 100

    func add(to router: Router<ConsoleContext>) {
        router.get("/audit", use: self.show)
    }

    @Sendable func show(_ request: Request, context: ConsoleContext) async throws -> Response {
        let fields = request.fields
        let isAll = fields["all"] == "1"
        let (actor, act) = (fields.text("actor"), fields.text("act"))
        let before = fields.text("before").flatMap { Int64($0) }
        let (page, next) = try await self.log.entries(before: before, all: isAll, actor: actor, act: act, limit: Self.pageSize)
        let now = Clock.milliseconds()
        let query: [(name: String, value: String?)] = [("all", isAll ? "1" : nil), ("actor", actor), ("act", act)]
        let content = Content(
            entries: page.map { Row($0, now: now) }, hasEntries: !page.isEmpty, isAll: isAll, actor: actor ?? "", act: act ?? "",
            next: next.map { "/audit" + Form.query(query + [("before", String($0))]) },
            first: "/audit" + Form.query(query), isFirst: before == nil)
        return try self.renderer.respond("audit", title: "Audit", section: "/audit", content, context: context)
    }
}
