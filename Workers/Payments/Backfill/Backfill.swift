import Conveyor
import FoundationEssentials
import Logging
import Postgres
import RabbitMQ
import Shop

/// Fetches the events that the webhook missed, at the start and every few minutes, and puts them into the webhook's queue under the same message ids.
/// A schedule, which one payments-worker runs at a time.
struct Backfill: Sendable {
    /// Publishes messages; one result for each, nil if confirmed.
    typealias Publish = @Sendable ([Outgoing]) async -> [PublishFailure?]

    let stripe: StripeClient
    let pool: PostgresPool
    let publish: Publish
    /// The interval of two runs.
    let interval: Duration
    let logger: Logger

    /// An event may appear in Stripe's list after a younger one: the cursor stays this far behind, and known events are skipped.
    private static let settling: TimeInterval = 60

    private static let lock: Statement = "select pg_try_advisory_xact_lock(5003, 0)"

    var schedule: Schedule {
        Schedule("payments.backfill", .every(self.interval), runsAtStart: true) {
            try await self.catchUp()
            return .done()
        }
    }

    /// The position in the list.
    private enum Position: Sendable {
        case cursor
        /// Towards newer events.
        case after(String)
        /// Towards older events, since there is none to begin after; the first page contained the newest.
        case before(String, since: Date, newest: BackfillCursor)
    }

    /// Fetches all new events.
    func catchUp() async throws {
        try await StripeEvents.giveUpWaiting(in: self.pool)
        var next: Position? = .cursor
        while let position = next {
            // One transaction per page: if the process dies in between, the cursor stays where it was.
            next = try await self.pool.transaction { transaction in
                guard try await transaction.query(Self.lock).decode(Bool.self).first == true else { return nil }
                return try await self.fetch(position, in: transaction)
            }
        }
    }

    /// Fetches a page.
    /// - Returns: the next position; nil at the end.
    private func fetch(_ position: Position, in transaction: Transaction) async throws -> Position? {
        switch position {
        case .cursor:
            var cursor = try await BackfillCursor.read(in: transaction)
            if cursor.eventID == nil { cursor.eventID = try await self.newest(before: cursor.createdAt) }
            guard let eventID = cursor.eventID else { return try await self.fetchBackwards(nil, since: cursor.createdAt, nil, in: transaction) }
            cursor.save(in: transaction)
            return try await self.fetch(.after(eventID), in: transaction)
        case .after(let id):
            guard let page = try await self.page([("ending_before", id)]) else {
                // Stripe has deleted the cursor's event.
                BackfillCursor(createdAt: Date() - 29 * 86_400, eventID: nil).save(in: transaction)
                return .cursor
            }
            let events = page.object.data
            try await self.pass(on: events.reversed(), in: transaction)
            if let settled = events.first(where: { Double($0.created) <= page.at.timeIntervalSince1970 - Self.settling }) {
                BackfillCursor(settled).save(in: transaction)
            }
            return page.object.hasMore ? events.first.map { .after($0.id) } : nil
        case .before(let id, let since, let newest):
            return try await self.fetchBackwards(id, since: since, newest, in: transaction)
        }
    }

    private func fetchBackwards(_ id: String?, since: Date, _ newest: BackfillCursor?, in transaction: Transaction) async throws -> Position? {
        let from = ("created[gte]", String(Int64(since.timeIntervalSince1970)))
        guard let page = try await self.page([from] + (id.map { [("starting_after", $0)] } ?? [])) else { return .cursor }
        let events = page.object.data
        try await self.pass(on: events.reversed(), in: transaction)
        let settled = events.first { Double($0.created) <= page.at.timeIntervalSince1970 - Self.settling }
        let cursor = newest ?? settled.map(BackfillCursor.init) ?? BackfillCursor(createdAt: since, eventID: nil)
        guard page.object.hasMore, let last = events.last else {
            cursor.save(in: transaction)
            return nil
        }
        return .before(last.id, since: since, newest: cursor)
    }

    /// - Returns: nil if Stripe does not know the event to begin at.
    private func page(_ query: [(String, String)]) async throws -> StripeClient.Answer<StripeList<ListedEvent>>? {
        let types = EventSubject.types.map { ("types[]", $0) }
        do {
            return try await self.stripe.get(StripeList<ListedEvent>.self, "/v1/events", types + [("limit", "100")] + query)
        } catch {
            guard let error = error as? StripeError, error.code == "resource_missing" else { throw error }
            return nil
        }
    }

    private func newest(before time: Date) async throws -> String? {
        let query = [("limit", "1"), ("created[lt]", String(Int64(time.timeIntervalSince1970)))]
        return try await self.stripe.get(StripeList<ListedEvent>.self, "/v1/events", query).object.data.first?.id
    }

    /// Publishes the events that are not known yet.
    private func pass(on events: [ListedEvent], in transaction: Transaction) async throws {
        guard !events.isEmpty else { return }
        let known = try await StripeEvents.known(events.map(\.id), in: transaction)
        let missed = events.filter { !known.contains($0.id) }
        guard !missed.isEmpty else { return }
        let now = Clock.milliseconds()
        let outgoing = try missed.map { event in
            let envelope = Envelope(messageID: StripeEvent.messageID(event.id), type: StripeEvent.type, actor: "stripe", sentAt: now)
            return try Outgoing(event.command, envelope: envelope, appID: "payments")
        }
        if let failure = await self.publish(outgoing).lazy.compactMap({ $0 }).first { throw Transient("not published: \(failure)") }
        self.logger.notice("missed events fetched", metadata: ["count": "\(missed.count)", "newest": "\(missed.last?.id ?? "")"])
    }
}

extension BackfillCursor {
    fileprivate init(_ event: ListedEvent) {
        self.init(createdAt: StripeTime.date(event.created), eventID: event.id)
    }
}
