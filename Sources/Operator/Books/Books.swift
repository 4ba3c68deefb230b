import Conveyor
import FoundationEssentials
import Postgres
import RabbitMQ

/// What came in and what has become of it, added up: messages, stock and money. A balance that is not 0 is something lost, or something doubled.
///
/// `ops/docs/books.md` says how it counts, and which losses it can and cannot find.
struct Books: Sendable, Encodable {
    var messages: MessageBook
    var stock: StockBook
    var money: MoneyBook
    /// How many messages `verify --republish` has sent again; nil if it was not asked to, or nothing was missing.
    var republished: Int?

    /// Whether all of it adds up.
    var isBalanced: Bool { self.messages.balance == 0 && self.stock.balance == 0 && self.money.balance == 0 }
}

/// What is known of the messages that are on their way to a queue, for the books that wait for them.
enum Transit: Sendable {
    /// None are missing: all that was sent there has its end.
    case nothing
    /// The queue holds as many as are missing.
    case queued
    /// It holds fewer: what is older than a moment may be lost, and counts as such.
    case lost

    /// What was sent before this is not on its way any more.
    /// - Parameter settled: whether all is lost that has not arrived, if nothing is missing.
    func horizon(ifNothing settled: Bool) -> Date {
        switch self {
        case .queued: Date(timeIntervalSince1970: 0)
        case .lost: Date().addingTimeInterval(-60)
        case .nothing: settled ? Date().addingTimeInterval(-60) : Date(timeIntervalSince1970: 0)
        }
    }
}

/// Reads the books of a running system: one snapshot of the database, compared with what the broker held when it was taken.
struct BookKeeper: Sendable {
    let pool: PostgresPool
    let api: ManagementAPI
    let inspector: BrokerInspector
    let definitions: Definitions

    /// How long a message that seems lost may still turn up: longer than the broker's statistics are old.
    private static let patience = Duration.seconds(15)
    /// After this the broker has counted anew what workers hold.
    private static let statisticsInterval = Duration.milliseconds(5500)

    /// - Parameter since: only messages that were handled since then; nil: all that are kept.
    func read(since: Date? = nil) async throws -> Books {
        var depths = try await BrokerDepths.read(self.api, self.inspector, self.definitions)
        var books = try await self.snapshot(since: since, depths)
        if books.messages.unseenInHand(depths) > 0 {
            // The broker goes on for some seconds to count those that workers held.
            try await Task.sleep(for: Self.statisticsInterval)
            depths = try await BrokerDepths.read(self.api, self.inspector, self.definitions)
            books = try await self.snapshot(since: since, depths)
        }
        // A message that one look finds nowhere was on its way: between a commit and its publishing, or taken between the two readings. Only what is
        // missing at each look, as the same messages, is lost.
        let deadline = ContinuousClock.now + Self.patience
        while !books.messages.suspects.isEmpty, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(500))
            depths = try await BrokerDepths.read(self.api, self.inspector, self.definitions)
            let before = books.messages.loses("orders")
            books.messages.settle(depths, suspects: try await MessageBook.stillMissing(books.messages.suspects, in: self.pool))
            // The other books went by what seemed lost.
            if before, !books.messages.loses("orders") {
                let transit = books.messages.transit(to: "orders")
                (books.stock, books.money) = try await self.pool.transaction(.snapshot) { transaction in
                    (try await StockBook.read(transit: transit, in: transaction), try await MoneyBook.read(transit: transit, in: transaction))
                }
            }
        }
        return books
    }

    private func snapshot(since: Date?, _ depths: BrokerDepths) async throws -> Books {
        try await self.pool.transaction(.snapshot) { transaction in
            let messages = try await MessageBook.read(since: since, depths, self.definitions, in: transaction)
            return Books(
                messages: messages, stock: try await StockBook.read(transit: messages.transit(to: "orders"), in: transaction),
                money: try await MoneyBook.read(transit: messages.transit(to: "orders"), in: transaction))
        }
    }
}
