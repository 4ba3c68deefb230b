import Conveyor
import FoundationEssentials
import Hummingbird
import NIOCore
import Postgres
import Resources
import Shop

/// All personal data of a user (article 20 of the GDPR) except the orders, which may be many.
struct PersonalData: Encodable, Sendable {
    /// An order with its timeline.
    struct Order: Encodable, Sendable {
        let order: OrderBody
        let timeline: [TimelineEntry]

        private enum CodingKeys: String, CodingKey {
            case timeline
        }

        func encode(to encoder: any Encoder) throws {
            try self.order.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(self.timeline, forKey: .timeline)
        }
    }

    /// An e-mail that was sent.
    struct Email: Encodable, Sendable {
        let kind: String
        /// The id of its subject.
        let subject: String
        let recipient: String
        let sentAt: Date

        enum CodingKeys: String, CodingKey {
            case kind, subject, recipient
            case sentAt = "sent_at"
        }
    }

    let exportedAt: Date
    let user: UserBody
    let cart: CartBody
    let emails: [Email]
    let pushSubscriptions: [PushSubscriptionBody]

    enum CodingKeys: String, CodingKey {
        case exportedAt = "exported_at"
        case user, cart, emails
        case pushSubscriptions = "push_subscriptions"
    }
}

/// Gathers a user's personal data.
struct PersonalDataReader: Sendable {
    private let pool: PostgresPool
    private let users: UserReader
    private let carts: CartReader
    private let orders: OrderReader
    private let timelines: TimelineReader

    init(pool: PostgresPool, users: UserReader, carts: CartReader, orders: OrderReader, timelines: TimelineReader) {
        self.pool = pool
        self.users = users
        self.carts = carts
        self.orders = orders
        self.timelines = timelines
    }

    /// Orders per query.
    private static let step = 100

    /// By account: an address may have belonged to another user before.
    private static let emails: Statement = "select kind, subject, recipient, sent_at from emails where user_id = $1 order by sent_at, id"

    private static let browsers: Statement = """
        select id, endpoint, public_key, expires_at, created_at, updated_at from push_subscriptions where user_id = $1 order by created_at, id
        """

    /// All personal data as JSON that is read while it is sent, a few orders at a time; nil if the account does not exist.
    func body(of id: ID) async throws -> ResponseBody? {
        guard let user = try await self.users.user(id) else { return nil }
        let emails = try await self.pool.reading { pool in
            try await pool.query(Self.emails, id).map { row in
                PersonalData.Email(kind: try row[0], subject: try row[1], recipient: try row[2], sentAt: try row[3])
            }
        }
        let browsers = try await self.pool.reading { pool in try await pool.query(Self.browsers, id).map(PushSubscriptionBody.init) }
        var head = try JSON.encode(
            PersonalData(exportedAt: Date(), user: user, cart: try await self.carts.cart(of: id), emails: emails, pushSubscriptions: browsers))
        // The orders complete the object.
        head.removeLast()
        head += Array(",\"orders\":[".utf8)
        let (first, beginning) = (try await self.orders(of: id, from: nil), head)
        return ResponseBody { writer in
            try await writer.write(ByteBuffer(bytes: beginning))
            var page = first
            var isFirst = true
            while true {
                var buffer = ByteBuffer()
                for order in page {
                    if !isFirst { buffer.writeInteger(UInt8(ascii: ",")) }
                    isFirst = false
                    buffer.writeBytes(try JSON.encode(order))
                }
                try await writer.write(buffer)
                guard page.count == Self.step, let last = page.last else { break }
                page = try await self.orders(of: id, from: Cursor(last.order.createdAt, last.order.id))
            }
            try await writer.write(ByteBuffer(string: "]}"))
            try await writer.finish(nil)
        }
    }

    private func orders(of user: ID, from cursor: Cursor?) async throws -> [PersonalData.Order] {
        let page = try await self.orders.orders(of: user, status: nil, from: cursor, count: Self.step)
        let timelines = try await self.timelines.entries(of: page.map(\.id))
        return page.map { PersonalData.Order(order: $0, timeline: timelines[$0.id] ?? []) }
    }
}
