import FoundationEssentials
import Kit
import Postgres
import Shop

/// Tells people what a message of a type is about, or nobody.
struct Notify<Input: Message>: Handler {
    let post: Post
    /// The notices that a message asks for.
    let compose: @Sendable (Input) async throws -> [Notice]

    var policy: Policy { Policy(largestBatch: NotifyLimits.largestBatch, timeLimit: .seconds(75)) }

    init(_: Input.Type, post: Post, compose: @escaping @Sendable (Input) async throws -> [Notice]) {
        self.post = post
        self.compose = compose
    }

    func prepare(_ message: Input, _ envelope: Envelope) async throws -> [Post.Sent] {
        try await self.post.send(try await self.compose(message))
    }

    func handle(_ batch: [Received<Input, [Post.Sent]>], in transaction: Transaction) async throws -> [Reply] {
        let sent = batch.flatMap { message in message.prepared.map { (message.envelope, $0) } }
        if !sent.isEmpty {
            transaction.enqueue(
                NotifyLimits.insertCalls, sent.map(\.0.messageID), sent.map(\.0.correlationID), sent.map(\.1.at),
                sent.map { Int32(clamping: $0.1.microseconds) }, sent.map(\.1.channel), sent.map(\.1.kind), sent.map(\.1.outcome))
        }
        return batch.map { _ in .done() }
    }
}

/// What a generic type cannot hold.
enum NotifyLimits {
    /// As many as a mail server takes at once without complaint.
    static let largestBatch = 4

    fileprivate static let insertCalls: Statement = """
        insert into calls (message_id, correlation_id, at, took_us, kind, name, outcome) select * from unnest($1, $2, $3, $4, $5, $6, $7)
        """
}
