import FoundationEssentials
import Postgres

/// A row of `skips`: messages that an operator wants rejected for good.
struct SkipRule: Sendable, Equatable {
    var id: Int64
    /// nil matches any; the same for the other fields.
    var type: String?
    var actor: String?
    /// The range of the sending time, inclusive.
    var since: Date?
    var until: Date?

    /// Whether a message matches.
    func catches(_ envelope: Envelope) -> Bool {
        if let type, type != envelope.type { return false }
        if let actor, actor != envelope.actor { return false }
        let sentAt = Clock.date(milliseconds: envelope.sentAt)
        if let since, sentAt < since { return false }
        if let until, sentAt > until { return false }
        return true
    }
}

extension Reply {
    /// The answer to a skipped message. An operation ends with it, whichever of its commands was skipped; the operator's reason stays internal.
    static func skipped(_ message: any Message) -> Reply {
        .rejected(
            Problem(.skipped, "The request was withdrawn before it was handled."), decides: type(of: message).exchange == "commands" ? .yes : .ifRoot)
    }
}

extension Processor.Item {
    /// Skipped: its handler never sees it.
    mutating func reject(by rule: SkipRule) {
        self.skip = rule.id
        self.state = .answered(.skipped(self.decoded.payload))
    }
}
