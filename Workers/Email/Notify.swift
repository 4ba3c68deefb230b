import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// Sends the notifications for a message type, if it has any.
struct Notify<Input: Message>: Handler {
    let post: Post
    /// The notifications for a message.
    let compose: @Sendable (Input) async throws -> [Notice]
    /// The order to notify the customer's browsers about; nil if they get no notification.
    let pushes: (@Sendable (Input) -> ID)?

    var policy: Policy { Policy(largestBatch: NotifyLimits.largestBatch, timeLimit: .seconds(75)) }

    init(_: Input.Type, post: Post, pushes: (@Sendable (Input) -> ID)? = nil, compose: @escaping @Sendable (Input) async throws -> [Notice]) {
        self.post = post
        self.pushes = pushes
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
        guard let pushes, self.post.tellsBrowsers else { return batch.map { _ in .done() } }
        let orders = batch.map { pushes($0.payload) }
        var browsers: [ID: [ID]] = [:]
        for (order, browser) in try await transaction.query(NotifyLimits.browsers, orders).decode((ID, ID).self) {
            browsers[order, default: []].append(browser)
        }
        // One message per browser: so a slow push service delays neither the e-mail nor another browser.
        return orders.map { order in
            .done(emits: (browsers[order] ?? []).map { SendPush(subscriptionID: $0, event: Input.type, orderID: order) })
        }
    }
}

/// Generic types cannot have static stored properties.
enum NotifyLimits {
    /// The number of connections that mail servers usually accept at once.
    static let largestBatch = 4

    fileprivate static let browsers: Statement = """
        select o.id, s.id from orders o join users u on u.id = o.user_id join push_subscriptions s on s.user_id = u.id
        where o.id = any($1) and u.wants_push and u.is_active and (s.expires_at is null or s.expires_at > now()) order by s.created_at, s.id
        """

    static let insertCalls: Statement = """
        insert into calls (message_id, correlation_id, at, took_us, kind, name, outcome) select * from unnest($1, $2, $3, $4, $5, $6, $7)
        """
}
