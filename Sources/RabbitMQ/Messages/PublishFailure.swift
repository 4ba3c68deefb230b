/// The reason of a missing confirm. After ``unroutable``, ``refused`` and ``unencodable`` the message is certainly in no queue; after the others it
/// may be in one.
public enum PublishFailure: Error, Sendable, Equatable {
    /// There was no connection, or it broke before the confirm.
    case unreachable
    /// The broker takes no messages while its memory or disk alarm is on.
    case blocked
    /// No queue is bound for this message (`basic.return`), or its exchange does not exist.
    case unroutable
    /// The broker refused it (`basic.nack`): a queue has reached its limit.
    case refused
    /// AMQP cannot encode it, so it was not sent: a text is longer than 255 bytes, or the properties exceed a frame. A retry fails in the same way.
    case unencodable
    /// No confirm came before the deadline.
    case notConfirmed
}
