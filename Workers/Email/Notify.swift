import FoundationEssentials
import Kit
import Postgres
import Shop

/// Sends one e-mail for each message of a type, or none.
struct Notify<Input: Message>: Handler {
    let post: Post
    /// The letter that a message asks for; nil if it asks for none.
    let compose: @Sendable (Input) async throws -> Letter?

    // As many as a mail server takes at once without complaint.
    var policy: Policy { Policy(largestBatch: 8, timeLimit: .seconds(60)) }

    init(post: Post, compose: @escaping @Sendable (Input) async throws -> Letter?) {
        self.post = post
        self.compose = compose
    }

    func prepare(_ message: Input, _ envelope: Envelope) async throws -> Post.Sent? {
        guard let letter = try await self.compose(message) else { return nil }
        return try await self.post.send(letter)
    }

    private static var insert: Statement {
        """
        insert into emails (kind, subject, recipient, message_id, sent_at)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
        on conflict (kind, subject) do nothing
        """
    }
    private static var insertCalls: Statement {
        """
        insert into calls (message_id, correlation_id, at, took_us, kind, name, outcome)
        select m.message_id, m.correlation_id, m.at, m.took, 'mail', m.name, '250'
        from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::int4[], $5::text[]) m(message_id, correlation_id, at, took, name)
        """
    }

    func handle(_ batch: [Received<Input, Post.Sent?>], in transaction: Transaction) async throws -> [Reply] {
        let sent = batch.compactMap { message in message.prepared.map { (envelope: message.envelope, mail: $0) } }
        if !sent.isEmpty {
            transaction.enqueue(
                Self.insert, sent.map(\.mail.kind), sent.map(\.mail.subject), sent.map(\.mail.recipient), sent.map(\.mail.messageID),
                sent.map(\.mail.at))
            transaction.enqueue(
                Self.insertCalls, sent.map(\.envelope.messageID), sent.map(\.envelope.correlationID), sent.map(\.mail.at),
                sent.map { Int32(clamping: $0.mail.microseconds) }, sent.map(\.mail.kind))
        }
        return batch.map { _ in .done() }
    }
}
