/// What a handler answers for one message.
public struct Reply: Sendable {
    /// How it ended.
    public enum Outcome: Sendable {
        /// Done. The result, if any, becomes the operation's.
        case succeeded(result: (any Encodable & Sendable)?)
        /// The business says no: final, expected, and the operation's answer.
        case rejected(Problem)
    }

    /// Whether the operation that the message's `correlation_id` names ends with it.
    public enum Decision: Sendable {
        /// If the message is the operation's own command.
        case ifRoot
        /// It does, whichever message this is.
        case yes
        /// It goes on with what is emitted.
        case no
    }

    /// How it ended.
    public var outcome: Outcome
    /// Whether the operation ends.
    public var decides: Decision
    /// What is published after the commit, in this order.
    public var emits: [any Message]
    /// The things that changed, so that caches drop them and waiting readers wake.
    public var changes: [Subject]

    /// Done: the operation ends here if the message is its own command, or if `decides` says so.
    public static func done(
        result: (any Encodable & Sendable)? = nil, decides: Decision = .ifRoot, emits: [any Message] = [], changes: [Subject] = []
    ) -> Reply {
        Reply(outcome: .succeeded(result: result), decides: decides, emits: emits, changes: changes)
    }

    /// Handled, and the operation goes on with what is emitted.
    public static func passedOn(emits: [any Message], changes: [Subject] = []) -> Reply {
        Reply(outcome: .succeeded(result: nil), decides: .no, emits: emits, changes: changes)
    }

    /// The business says no.
    public static func rejected(_ problem: Problem, decides: Decision = .ifRoot, emits: [any Message] = [], changes: [Subject] = []) -> Reply {
        Reply(outcome: .rejected(problem), decides: decides, emits: emits, changes: changes)
    }
}
