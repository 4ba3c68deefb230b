public import FoundationEssentials
public import Postgres

/// Messages that count as handled without a worker, because an operator has decided that they never run. Copies in queues, and repeated requests
/// with the same idempotency key, find the inbox row and do nothing.
///
/// Rows of handled messages contain the attempt, from 1; these contain 0.
public struct ClosedMessages: Sendable {
    private var ids: [ID] = []
    private var correlationIDs: [ID] = []
    private var sentAt: [Date?] = []
    private var queues: [String] = []
    private var types: [String] = []
    private var fingerprints: [String?] = []

    private static let insert: Statement = """
        insert into inbox (message_id, correlation_id, sent_at, took_us, attempt, decides, consumer, type, outcome, fingerprint)
        select m.message_id, m.correlation_id, coalesce(m.sent_at, now()), 0, 0, false, m.queue, m.type, 'rejected',
               case when m.fingerprint ~ '^([0-9a-f]{2})+$' then decode(m.fingerprint, 'hex') end
        from unnest($1, $2, $3, $4, $5, $6) m(message_id, correlation_id, sent_at, queue, type, fingerprint)
        where not exists (select from inbox i where i.message_id = m.message_id and i.consumer = m.queue)
        """

    /// An empty list.
    public init() {}

    /// Adds a message.
    /// - Parameters:
    ///   - queue: the queue of the worker that would handle it.
    ///   - sentAt: the message's own time; nil if it has none.
    ///   - fingerprint: of the request that caused it, if known.
    public mutating func add(_ id: ID, correlationID: ID?, sentAt: Date?, queue: String, type: String, fingerprint: String?) {
        self.ids.append(id)
        self.correlationIDs.append(correlationID ?? id)
        self.sentAt.append(sentAt)
        self.queues.append(queue)
        self.types.append(type)
        self.fingerprints.append(fingerprint)
    }

    /// Waits for workers that are handling one of them, and blocks others until the transaction ends, so that the following inbox query stays valid.
    public func lock(in transaction: Transaction) { Inbox.lock(zip(self.ids, self.queues).map { (id: $0, consumer: $1) }, in: transaction) }

    /// Writes the rows with the transaction's next round trip; handled messages keep theirs.
    public func write(in transaction: Transaction) {
        transaction.enqueue(Self.insert, self.ids, self.correlationIDs, self.sentAt, self.queues, self.types, self.fingerprints)
    }
}
