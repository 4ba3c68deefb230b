import FoundationEssentials
import Postgres
import Shop

/// A rule of `skips`: what an operator wants rejected, for good.
struct SkipRule: Sendable, Equatable {
    var id: Int64
    /// Nil: any; so with the others.
    var type: String?
    var actor: String?
    /// When the message was sent, the bounds included.
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
    /// The answer to a message that a rule catches. An operation ends with it, whichever of its commands was caught; the reason is the operators'.
    static func skipped(_ envelope: Envelope) -> Reply {
        let isCommand = MessageCatalogue[envelope.type].map { $0.exchange == "commands" } ?? false
        return .rejected(Problem(.skipped, "The request was withdrawn by the shop before it was handled."), decides: isCommand ? .yes : .ifRoot)
    }
}

extension Processor.Item {
    /// Answered by a rule: its handler never sees it.
    mutating func reject(by rule: SkipRule) {
        self.skip = rule.id
        self.state = .answered(.skipped(self.envelope))
    }
}
