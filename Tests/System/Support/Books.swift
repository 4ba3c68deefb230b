import Conveyor
import Fixtures
import Transfer

/// The shop's books and their expected values.
struct Books: Sendable {
    /// Lost orders, and messages that the books miss.
    var lost = 0
    /// Orders unknown to their customers, events that happened twice, and duplicate intents at Stripe.
    var doubled = 0
    /// All errors, in words.
    var complaints: [String] = []
}

extension RunningSystem {
    /// Reads the books of the whole system so far.
    func books() async throws -> Books {
        var books = Books()
        let rows = try await self.database.psql("select id, status from orders")
        let statuses = Dictionary(uniqueKeysWithValues: rows.map { ($0[0] ?? "", $0[1] ?? "") })
        let accepted = self.accepted
        books.note(lost: accepted.filter { statuses[$0] == nil }, "accepted, and no such order")
        books.note(lost: accepted.filter { statuses[$0] == "pending" }, "accepted, and still pending")
        books.note(doubled: statuses.keys.filter { !accepted.contains($0) }, "an order without an accepted request")
        books.note(
            doubled: try await self.list(
                "select order_id || ' ' || type from order_events where detail ->> 'ignored' is distinct from 'true' group by order_id, type having count(*) > 1"
            ),
            "twice in the timeline")
        books.note(doubled: try await self.list("select order_id from payments group by order_id having count(*) > 1"), "an order with two intents")
        books.note(doubled: try await self.intentsThatAreDouble(), "Stripe has two intents of this order")
        for step in try await self.list(Self.stepsBack) { books.complaints.append("a timeline goes back: \(step)") }
        for letter in try await self.list("select id || ' ' || type || ' ' || error_type || ' ' || error from dead_letters where status = 'open'") {
            books.complaints.append("an open dead letter: \(letter)")
        }
        try await self.audit(&books)
        return books
    }

    private func list(_ sql: String) async throws -> [String] { try await self.database.psql(sql).compactMap { $0.first ?? nil } }

    /// Entries with a status that the order had already left.
    private static let stepsBack = """
        select order_id || ' from ' || before || ' to ' || status from (
            select order_id, status, lag(status) over (partition by order_id order by id) as before from order_events
        ) e
        where array_position(array['pending', 'awaiting_payment', 'paid', 'shipped', 'completed'], status)
                < array_position(array['pending', 'awaiting_payment', 'paid', 'shipped', 'completed'], before)
           or before in ('rejected', 'expired') and status <> before
        """

    /// The balances of messages, stock and money.
    private func audit(_ books: inout Books) async throws {
        struct Audit: Decodable {
            struct Book: Decodable {
                let balance: Int
            }
            let messages: Book
            let stock: Book
            let money: Book
        }
        // It exits with 1 if a balance is not 0, and then the report matters.
        let report = try await self.auditReport()
        let audit = try JSON.decode(Audit.self, from: Array(report.utf8))
        guard audit.messages.balance != 0 || audit.stock.balance != 0 || audit.money.balance != 0 else { return }
        if audit.messages.balance > 0 { books.lost += audit.messages.balance } else { books.doubled -= audit.messages.balance }
        books.complaints.append("conveyor verify: \(report)")
    }

    /// Orders with more than one intent at Stripe, among its newest hundred.
    private func intentsThatAreDouble() async throws -> [String] {
        struct Page: Decodable {
            struct Intent: Decodable {
                let metadata: [String: String]
            }
            let data: [Intent]
        }
        let page: Page = try JSON.decode(from: try await self.stripe.send(.get, "/v1/payment_intents?limit=100"))
        return Dictionary(grouping: page.data.compactMap { $0.metadata["order_id"] }, by: \.self).filter { $0.value.count > 1 }.map(\.key)
    }
}

extension Books {
    fileprivate mutating func note(lost what: some Collection<String>, _ why: String) {
        self.lost += what.count
        self.complaints += what.prefix(5).map { "\(why): \($0)" }
    }

    fileprivate mutating func note(doubled what: some Collection<String>, _ why: String) {
        self.doubled += what.count
        self.complaints += what.prefix(5).map { "\(why): \($0)" }
    }
}
