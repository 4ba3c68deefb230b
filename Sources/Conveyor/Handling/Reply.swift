/// A handler's answer for one message.
public struct Reply: Sendable {
    /// The outcome.
    public enum Outcome: Sendable {
        /// Succeeded. The value, if any, becomes the operation's result.
        case succeeded(result: (any Encodable & Sendable)?)
        /// Rejected: a final, expected answer to the operation.
        case rejected(Problem)
    }

    /// Whether the message ends the operation in its `correlation_id`.
    public enum Decision: Sendable {
        /// If the message is the operation's own command.
        case ifRoot
        /// It does, whichever message it is.
        case yes
        /// The operation continues with the emitted messages.
        case no
    }

    /// The outcome.
    public var outcome: Outcome
    /// Whether the operation ends.
    public var decides: Decision
    /// The messages to publish after the commit, in order.
    public var emits: [any Message]
    /// The changed resources, for invalidating caches and waking waiting readers.
    public var changes: [Subject]

    /// Succeeded: the operation ends here if the message is its own command, or as `decides` demands.
    public static func done(
        result: (any Encodable & Sendable)? = nil, decides: Decision = .ifRoot, emits: [any Message] = [], changes: [Subject] = []
    ) -> Reply {
        Reply(outcome: .succeeded(result: result), decides: decides, emits: emits, changes: changes)
    }

    /// Succeeded, and the operation continues with the emitted messages.
    public static func passedOn(emits: [any Message], changes: [Subject] = []) -> Reply {
        Reply(outcome: .succeeded(result: nil), decides: .no, emits: emits, changes: changes)
    }

    /// Rejected.
    public static func rejected(_ problem: Problem, decides: Decision = .ifRoot, emits: [any Message] = [], changes: [Subject] = []) -> Reply {
        Reply(outcome: .rejected(problem), decides: decides, emits: emits, changes: changes)
    }
}
