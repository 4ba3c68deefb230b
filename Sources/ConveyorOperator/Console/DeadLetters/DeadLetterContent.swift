import Conveyor
import Postgres

/// The content of `/dead/{id}`.
struct DeadLetterContent: Sendable {
    let id: String
    let type: String
    let queue: String
    let status: String
    let errorType: String
    let error: String
    let group: String
    let groupLink: String
    let facts: [Fact]
    /// nil if the reader must not see it.
    let payload: PayloadView?
    let fullLink: String
    let headers: [Fact]
    let attempts: [AttemptRow]
    let hasAttempts: Bool
    let history: [HistoryRow]
    let trace: String?
    let traceLink: String
    /// The number of open ones with the same cause, after an edit; nil if there are none.
    let siblings: String?
    let repairLink: String
    let canReplay: Bool
    /// A replay may succeed: neither its payload nor its type was the cause.
    let isWorthReplaying: Bool
    let canDiscard: Bool
    let canEdit: Bool
    /// Whether the payload has its own view beside the editor: it cannot be edited, is not JSON, or contains invisible characters.
    let hasView: Bool
    let editText: String
    /// Lines of the text area.
    let editRows: Int
    let isEditing: Bool
    /// A warning to read before acting.
    let caution: String?
    let problem: String?

    struct AttemptRow: Sendable {
        let number: String
        let at: Moment
        let errorType: String
        let error: String
        let next: String
    }

    struct HistoryRow: Sendable {
        let act: String
        let title: String
        let actor: String
        let at: Moment
        let reason: String?
        let messageLink: String?
        let changes: [Change]
    }

    /// A line of a difference.
    struct Change: Sendable {
        /// `added` or `removed`.
        let kind: String
        let text: String
    }

    /// - Parameters:
    ///   - mayAct: whether the reader may replay and discard.
    ///   - siblings: open dead letters with the same cause, if this one was edited.
    init(
        _ detail: DeadLetterDetail, mayAct: Bool, history: [HistoryEntry], siblings: Int, attempts: [FailedAttempt], trace: [TraceNode], whole: Bool,
        problem: String?,
        edited: String?,
        now: Int64
    ) {
        let letter = detail.letter
        self.id = letter.id.description
        self.type = letter.type.isEmpty ? "no type" : letter.type.visible.shortened(to: 200)
        self.queue = letter.queue
        self.status = letter.status.rawValue
        self.errorType = letter.errorType
        self.error = letter.error.visible
        self.group = letter.group
        self.groupLink = "/dead" + Form.query([("group", letter.group)])
        var facts = [
            Fact("Dead letter", letter.id.description), Fact("Message", letter.messageID.description, link: "/trace/\(letter.messageID)"),
        ]
        if let operation = letter.correlationID, operation != letter.messageID {
            facts.append(Fact("Operation", operation.description, link: "/trace/\(operation)"))
        }
        if let subject = letter.subject {
            facts.append(Fact(subject.type.capitalizedFirst, subject.id.description, link: "/trace/\(subject.id)"))
        }
        facts.append(Fact("Attempts", Quantity.count(letter.attempts)))
        if let sentAt = detail.sentAt { facts.append(Fact("Sent", Moment(sentAt, now: now))) }
        facts.append(Fact("First failed", Moment(letter.firstFailedAt, now: now)))
        facts.append(Fact("Last failed", Moment(letter.lastFailedAt, now: now)))
        if let replacement = letter.replacedBy {
            facts.append(Fact("Replaced by", replacement.description, link: "/trace/\(replacement)"))
        }
        self.facts = facts
        self.payload = detail.isPayloadHidden ? nil : PayloadView(detail.payload, whole: whole || edited != nil)
        self.fullLink = "/dead/\(letter.id)?full=1"
        self.headers = detail.headers.filter { !StoredMessage.isOfFailure($0.key) }.sorted { $0.key < $1.key }.map { name, value in
            Fact(name.visible, value.string ?? (try? JSON.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "")
        }
        self.attempts = attempts.map { attempt in
            AttemptRow(
                number: Quantity.count(attempt.attempt), at: Moment(attempt.at, now: now), errorType: attempt.errorType,
                error: attempt.error.visible, next: attempt.nextAt == nil ? "given up" : "tried again")
        }
        self.hasAttempts = !attempts.isEmpty
        self.history = history.reversed().map { HistoryRow($0, now: now) }
        self.trace = trace.isEmpty ? nil : TraceText.text(trace)
        self.traceLink = "/trace/\(letter.subject?.id ?? letter.messageID)"
        self.siblings = siblings > 0 ? Quantity.count(siblings, "dead letter") : nil
        self.repairLink = "/dead/replay" + Form.query([("group", letter.group)])
        self.canReplay = mayAct && letter.status == .open
        self.isWorthReplaying =
            detail.undecodable == nil && !["undecodable", "unknown_type", "invalid_payload"].contains(letter.errorType)
        self.canDiscard = mayAct && letter.status == .open
        self.canEdit =
            mayAct && letter.replacedBy == nil && letter.status != .replayed && !detail.isApplied && self.payload?.editable != nil
        let editable = self.payload?.editable ?? ""
        self.hasView = !self.canEdit || PrettyJSON(detail.payload) == nil || editable.visible != editable
        self.editText = edited ?? self.payload?.editable ?? ""
        self.editRows = min(24, max(6, self.editText.count { $0.isNewline } + 2))
        self.isEditing = edited != nil
        self.caution = Self.caution(detail)
        self.problem = problem
    }

    private static func caution(_ detail: DeadLetterDetail) -> String? {
        if detail.letter.replacedBy != nil { return "An edited message has taken its place. This one never runs again." }
        switch detail.letter.status {
        case .replayed: return detail.isApplied ? "Replayed and handled." : "Replayed. It has not failed again; its queue may still hold it."
        case .discarded: return "Discarded: its message counts as handled. Edit and replay it to run it under a new id."
        case .open:
            if detail.isApplied { return "It has taken effect already. A replay changes nothing; it only publishes its events again." }
            return detail.undecodable.map { "A replay would fail again: \($0.visible)." }
        }
    }
}

extension DeadLetterContent.HistoryRow {
    private struct Step: Decodable {
        var op: String
        var path: String
        var old: JSONValue?
        var value: JSONValue?
    }

    init(_ entry: HistoryEntry, now: Int64) {
        self.act = entry.act
        self.title =
            switch entry.act {
            case "dead_lettered": "Became a dead letter"
            case "dead_lettered_again": "Failed again"
            case "replay": "Replayed"
            case "edit": "Edited and replayed"
            case "discard": "Discarded"
            default: entry.act.visible
            }
        self.actor = entry.actor.visible
        self.at = Moment(entry.at, now: now)
        self.reason = entry.reason?.visible
        self.messageLink = entry.messageID.map { "/trace/\($0)" }
        let steps = entry.diff.flatMap { try? JSON.decode([Step].self, from: $0.bytes) } ?? []
        self.changes = steps.flatMap { step -> [DeadLetterContent.Change] in
            let path = step.path.isEmpty ? "/" : step.path
            return [("removed", "−", step.old), ("added", "+", step.value)].compactMap { kind, sign, value in
                value.flatMap { try? JSON.encode($0) }.map { json in
                    .init(kind: kind, text: "\(sign) \(path)  \(String(decoding: json, as: UTF8.self))".visible.shortened(to: 2000))
                }
            }
        }
    }
}
