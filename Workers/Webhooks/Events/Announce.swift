import FoundationEssentials
import Conveyor
import Postgres
import Shop

/// Writes a delivery of an event for each endpoint that wants it. ``DeliveryLoop`` sends them, so no endpoint delays the queue.
struct Announce<Input: PublicEvent>: Handler {
    let limits: DeliveryLimits

    func handle(_ batch: [Received<Input, Void>], in transaction: Transaction) async throws -> [Reply] {
        var new = NewDeliveries(limits: self.limits)
        for message in batch {
            for (index, subject) in message.payload.subjects.enumerated() {
                // The first subject has the message's id; further subjects of the same event have derived ids.
                let id = index == 0 ? message.envelope.messageID : message.envelope.messageID.derived("subject/\(index)")
                new.add(id, of: Input.type, about: subject, message.envelope)
            }
        }
        new.write(in: transaction)
        if Input.self == AccountErased.self {
            transaction.enqueue(AnnounceLimits.forget, batch.flatMap { $0.payload.subjects.map(\.id) })
        }
        return batch.map { _ in .done() }
    }
}

/// Generic types cannot have static stored properties.
enum AnnounceLimits {
    /// Answers of endpoints may repeat the data that was sent to them.
    static let forget: Statement = """
        update webhook_deliveries set answer_body = null
        where answer_body is not null and (subject_id = any($1) or subject_id in (select id from orders where user_id = any($1)))
        """
}

/// The deliveries to write, one for each endpoint that wants the event.
struct NewDeliveries {
    private let limits: DeliveryLimits
    private var events: [ID] = []
    private var correlations: [ID] = []
    private var types: [String] = []
    private var subjectTypes: [String] = []
    private var subjects: [ID] = []
    private var times: [Date] = []

    /// The ids are derived (UUID version 5) from the ids of event and endpoint, so a copy of the event makes no second delivery.
    private static let insert: Statement = """
        insert into webhook_deliveries (id, endpoint_id, event_id, correlation_id, type, subject_type, subject_id, event_at, retry_until)
        select uuid_generate_v5(m.event_id, e.id::text), e.id, m.event_id, m.correlation_id, m.type, m.subject_type, m.subject_id, m.at,
               greatest(m.at, now() - interval '1 day') + $1 * interval '1 second'
        from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::timestamptz[])
             m(event_id, correlation_id, type, subject_type, subject_id, at)
        join webhook_endpoints e on e.is_active and e.events && array['*', m.type, split_part(m.type, '.', 1) || '.*']
        on conflict (endpoint_id, event_id) do nothing
        """

    init(limits: DeliveryLimits) { self.limits = limits }

    mutating func add(_ id: ID, of type: String, about subject: PublicSubject, _ envelope: Envelope) {
        self.events.append(id)
        self.correlations.append(envelope.correlationID)
        self.types.append(type)
        self.subjectTypes.append(subject.type)
        self.subjects.append(subject.id)
        self.times.append(Clock.date(milliseconds: envelope.sentAt))
    }

    func write(in transaction: Transaction) {
        guard !self.events.isEmpty else { return }
        transaction.enqueue(
            Self.insert, self.limits.retrySeconds, self.events, self.correlations, self.types, self.subjectTypes, self.subjects, self.times)
    }
}
