import FoundationEssentials
import Kit
import Postgres
import Shop

/// All that is held on a user (article 20 of the GDPR).
struct PersonalData: Encodable, Sendable {
    /// An order with all that happened to it.
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
        /// The id of what it was about.
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
    let orders: [Order]
    let emails: [Email]

    enum CodingKeys: String, CodingKey {
        case exportedAt = "exported_at"
        case user, cart, orders, emails
    }
}

/// Gathers what is held on a user.
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

    /// Orders that are read at once.
    private static let step = 100

    /// By address: an e-mail is sent to one, not to an account.
    private static let emails: Statement = """
        select kind, subject, recipient, sent_at from emails where lower(recipient) = lower($1) order by sent_at, id
        """

    /// All that is held; nil if there is no such account.
    func all(of id: ID) async throws -> PersonalData? {
        guard let user = try await self.users.user(id) else { return nil }
        let emails = try await self.pool.reading { pool in
            try await pool.query(Self.emails, user.email).map { row in
                PersonalData.Email(kind: try row[0], subject: try row[1], recipient: try row[2], sentAt: try row[3])
            }
        }
        return PersonalData(
            exportedAt: Date(), user: user, cart: try await self.carts.cart(of: id), orders: try await self.orders(of: id), emails: emails)
    }

    private func orders(of user: ID) async throws -> [PersonalData.Order] {
        var orders: [PersonalData.Order] = []
        var cursor: Cursor?
        while true {
            let page = try await self.orders.orders(of: user, status: nil, from: cursor, count: Self.step)
            let timelines = try await self.timelines.entries(of: page.map(\.id))
            orders += page.map { PersonalData.Order(order: $0, timeline: timelines[$0.id] ?? []) }
            guard page.count == Self.step, let last = page.last else { return orders }
            cursor = Cursor(last.createdAt, last.id)
        }
    }
}
