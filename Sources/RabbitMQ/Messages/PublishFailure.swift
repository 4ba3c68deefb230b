/// Why a message was not confirmed. Only ``unroutable``, ``refused`` and ``unencodable`` say that it is in no queue; with the others it may yet be.
public enum PublishFailure: Error, Sendable, Equatable {
    /// There is no connection, or it broke before the confirm.
    case unreachable
    /// The broker takes no messages while its memory or disk alarm is on.
    case blocked
    /// No queue takes this message (`basic.return`), or its exchange does not exist.
    case unroutable
    /// The broker refused it (`basic.nack`): a queue is at its limit.
    case refused
    /// AMQP has no frames for it, so it was not sent: a text is longer than 255 bytes, or the properties are larger than a frame. It fails each time.
    case unencodable
    /// No confirm came before the deadline.
    case notConfirmed
}
