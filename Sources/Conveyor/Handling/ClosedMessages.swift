public import FoundationEssentials
public import Postgres

/// Messages that count as handled though no worker has handled them: an operator has decided that they never run. Copies in queues, and those that clients
/// send again under the same idempotency key, find the row in the inbox and do nothing.
///
/// A row of a message that was handled says at which attempt, from 1. These say 0.
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

    /// None.
    public init() {}

    /// Adds a message.
    /// - Parameters:
    ///   - queue: whose worker would handle it.
    ///   - sentAt: its own time; nil if it has none.
    ///   - fingerprint: of the request that caused it, if it says.
    public mutating func add(_ id: ID, correlationID: ID?, sentAt: Date?, queue: String, type: String, fingerprint: String?) {
        self.ids.append(id)
        self.correlationIDs.append(correlationID ?? id)
        self.sentAt.append(sentAt)
        self.queues.append(queue)
        self.types.append(type)
        self.fingerprints.append(fingerprint)
    }

    /// Waits for workers that have one of them in hand, and keeps others from taking them until the transaction ends: so what the inbox says next holds.
    public func lock(in transaction: Transaction) { Inbox.lock(zip(self.ids, self.queues).map { (id: $0, consumer: $1) }, in: transaction) }

    /// Writes their rows with the transaction's next round trip; what was handled keeps its own.
    public func write(in transaction: Transaction) {
        transaction.enqueue(Self.insert, self.ids, self.correlationIDs, self.sentAt, self.queues, self.types, self.fingerprints)
    }
}
