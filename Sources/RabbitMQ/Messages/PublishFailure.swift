/// Why a message was not confirmed. Only ``unroutable`` and ``refused`` say that it is in no queue; with the others it may yet be.
public enum PublishFailure: Error, Sendable, Equatable {
    /// There is no connection, or it broke before the confirm.
    case unreachable
    /// The broker takes no messages while its memory or disk alarm is on.
    case blocked
    /// No queue takes this message (`basic.return`), or its exchange does not exist.
    case unroutable
    /// The broker refused it (`basic.nack`): a queue is at its limit. Or it cannot be put into AMQP frames at all.
    case refused
    /// No confirm came before the deadline.
    case notConfirmed
}
