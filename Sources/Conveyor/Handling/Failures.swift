/// Why a message is a dead letter: something that a person must look at. An application adds its own:
///
///     extension ErrorType { static let refusedByBank = Self("refused_by_bank") }
public struct ErrorType: RawRepresentable, Sendable, Hashable {
    /// As headers, the database and metrics have it, in snake case.
    public let rawValue: String

    /// The type of that name.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The type of that name.
    public init(_ rawValue: String) { self.rawValue = rawValue }

    /// The body is not the JSON of its type, or there is no usable id.
    public static let undecodable = Self("undecodable")
    /// No handler of this queue knows the type.
    public static let unknownType = Self("unknown_type")
    /// It decodes, and says something that can never be true.
    public static let invalidPayload = Self("invalid_payload")
    /// Its handling ended the worker again and again; the broker's delivery limit took it out.
    public static let crashed = Self("crashed")
    /// Its handler did not end in time, at the last attempt too.
    public static let timedOut = Self("timed_out")
    /// It failed at every attempt of the ladder.
    public static let attemptsExhausted = Self("attempts_exhausted")
    /// An unexpected error.
    public static let bug = Self("bug")

    /// The machinery's own.
    public static let machinery: [ErrorType] = [
        .undecodable, .unknownType, .invalidPayload, .crashed, .timedOut, .attemptsExhausted, .bug,
    ]
}

/// A message that can never work: dead-lettered at once, its batch goes on.
public struct Poison: Error, Sendable, Equatable, CustomStringConvertible {
    /// Which kind of dead letter it becomes.
    public var errorType: ErrorType
    /// For a person, without secrets; its numbers and ids are taken out for the group.
    public var description: String

    /// A message that can never work.
    public init(_ errorType: ErrorType, _ description: String) {
        self.errorType = errorType
        self.description = description
    }
}

/// A message that may work later: back by the retry ladder.
public struct Transient: Error, Sendable, CustomStringConvertible {
    /// For a person, without secrets.
    public var description: String
    /// What the other side asked for (`Retry-After`); the ladder's step if nil.
    public var retryAfter: Duration?
    /// What the dead letter says if the last attempt fails in this way.
    public var exhaustedAs: ErrorType

    /// A message that may work later.
    public init(_ description: String, retryAfter: Duration? = nil, exhaustedAs: ErrorType = .attemptsExhausted) {
        self.description = description
        self.retryAfter = retryAfter
        self.exhaustedAs = exhaustedAs
    }
}

/// The worker's own settings are wrong (a key refused, a sender not allowed): messages of this type wait, all others go on, and the worker is unready and
/// says why. No attempt of the message's; it is handled once the setting is right.
public struct Misconfigured: Error, Sendable, CustomStringConvertible {
    /// Which setting, and what the other side said of it.
    public var description: String

    /// The worker's own settings are wrong.
    public init(_ description: String) {
        self.description = description
    }
}
