/// The reason of a dead letter. An application adds its own types:
///
///     extension ErrorType { static let refusedByBank = Self("refused_by_bank") }
public struct ErrorType: RawRepresentable, Sendable, Hashable {
    /// The name in headers, the database and metrics, in snake case.
    public let rawValue: String

    /// The type with a name.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The type with a name.
    public init(_ rawValue: String) { self.rawValue = rawValue }

    /// The body is not the JSON of its type, or there is no usable id.
    public static let undecodable = Self("undecodable")
    /// No handler of this queue knows the type.
    public static let unknownType = Self("unknown_type")
    /// It decodes, but contains an impossible value.
    public static let invalidPayload = Self("invalid_payload")
    /// Its handling crashed the worker repeatedly, until the broker's delivery limit removed it.
    public static let crashed = Self("crashed")
    /// Its handler exceeded the time limit, also in the last attempt.
    public static let timedOut = Self("timed_out")
    /// It failed in all attempts of the retry schedule.
    public static let attemptsExhausted = Self("attempts_exhausted")
    /// An unexpected error.
    public static let bug = Self("bug")

    /// The types that Conveyor itself uses.
    public static let machinery: [ErrorType] = [
        .undecodable, .unknownType, .invalidPayload, .crashed, .timedOut, .attemptsExhausted, .bug,
    ]
}

/// A message that can never succeed: it becomes a dead letter at once, and the batch goes on.
public struct Poison: Error, Sendable, Equatable, CustomStringConvertible {
    /// The type of dead letter.
    public var errorType: ErrorType
    /// An explanation for people, without secrets. The group ignores its numbers and ids.
    public var description: String

    /// A message that can never succeed.
    public init(_ errorType: ErrorType, _ description: String) {
        self.errorType = errorType
        self.description = description
    }
}

/// A message that may succeed later, by the retry schedule.
public struct Transient: Error, Sendable, CustomStringConvertible {
    /// An explanation for people, without secrets.
    public var description: String
    /// The delay that the other side asked for (`Retry-After`); nil for the schedule's.
    public var retryAfter: Duration?
    /// The dead letter's error type if the last attempt fails in this way.
    public var exhaustedAs: ErrorType

    /// A message that may succeed later.
    public init(_ description: String, retryAfter: Duration? = nil, exhaustedAs: ErrorType = .attemptsExhausted) {
        self.description = description
        self.retryAfter = retryAfter
        self.exhaustedAs = exhaustedAs
    }
}

/// The worker's own settings are wrong (a key is refused, a sender is not allowed): messages of this type wait, all others go on, and the worker is
/// unready with this reason. Not an attempt: the message is handled when the setting is right.
public struct Misconfigured: Error, Sendable, CustomStringConvertible {
    /// The setting, and the other side's answer.
    public var description: String

    /// The worker's own settings are wrong.
    public init(_ description: String) {
        self.description = description
    }
}
