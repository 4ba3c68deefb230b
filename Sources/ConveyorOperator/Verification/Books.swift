import Conveyor
public import FoundationEssentials
import Postgres
import RabbitMQ

/// The balances of messages, and of all that the application counts besides. A balance other than 0 means a loss or a duplicate.
///
/// `ops/docs/books.md` explains the counting, and which losses it can find.
struct Books: Sendable, Encodable {
    var messages: MessageBook
    var others: [any Book]
    /// The number of messages that `verify --republish` has published again; nil without the option, or if none was missing.
    var republished: Int?

    /// Whether all balances are 0.
    var isBalanced: Bool { self.messages.balance == 0 && self.others.allSatisfy { $0.balance == 0 } }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: MemberName.self)
        try container.encode(self.messages, forKey: "messages")
        for book in self.others { try container.encode(book, forKey: MemberName(type(of: book).name)) }
        try container.encodeIfPresent(self.republished, forKey: "republished")
    }
}

/// The facts about messages on their way to a queue, for the other books.
public enum Transit: Sendable {
    /// None are missing: every message sent there has ended.
    case nothing
    /// The queue contains as many as are missing.
    case queued
    /// It contains fewer: messages older than a moment may be lost, and count as such.
    case lost

    /// Messages sent before this time are no longer on their way.
    /// - Parameter settled: whether all unarrived messages are lost, if none is missing.
    public func horizon(ifNothing settled: Bool) -> Date {
        switch self {
        case .queued: Date(timeIntervalSince1970: 0)
        case .lost: Date().addingTimeInterval(-60)
        case .nothing: settled ? Date().addingTimeInterval(-60) : Date(timeIntervalSince1970: 0)
        }
    }
}

/// Reads the books of a running system: one snapshot of the database, compared with the broker at the same time.
struct BookKeeper: Sendable {
    let application: OperatorApplication
    let pool: PostgresPool
    let api: ManagementAPI
    let inspector: BrokerInspector
    let definitions: Definitions

    /// The time within which a message that seems lost may still appear: longer than the lag of the broker's statistics.
    private static let patience = Duration.seconds(15)
    /// After this the broker has counted unacknowledged messages again.
    private static let statisticsInterval = Duration.milliseconds(5500)

    /// - Parameter since: only messages handled since then; nil for all stored ones.
    func read(since: Date? = nil) async throws -> Books {
        var depths = try await BrokerDepths.read(self.api, self.inspector, self.definitions)
        var books = try await self.snapshot(since: since, depths)
        if books.messages.unseenInHand(depths) > 0 {
            // For some seconds the broker still counts messages that workers have acknowledged.
            try await Task.sleep(for: Self.statisticsInterval)
            depths = try await BrokerDepths.read(self.api, self.inspector, self.definitions)
            books = try await self.snapshot(since: since, depths)
        }
        // A message that one reading misses may be on its way: between a commit and its publishing, or moved between the two readings. Only messages
        // that are missing in every reading are lost.
        let deadline = ContinuousClock.now + Self.patience
        while !books.messages.suspects.isEmpty, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(500))
            depths = try await BrokerDepths.read(self.api, self.inspector, self.definitions)
            let before = books.messages.lostFrom
            books.messages.settle(depths, suspects: try await MessageBook.stillMissing(books.messages.suspects, in: self.pool))
            // The other books used the messages that seemed lost.
            if books.messages.lostFrom != before {
                let messages = books.messages
                books.others = try await self.pool.transaction(.snapshot) { try await self.others(beside: messages, in: $0) }
            }
        }
        return books
    }

    private func snapshot(since: Date?, _ depths: BrokerDepths) async throws -> Books {
        try await self.pool.transaction(.snapshot) { transaction in
            let messages = try await MessageBook.read(since: since, depths, of: self.application, in: transaction)
            return Books(messages: messages, others: try await self.others(beside: messages, in: transaction))
        }
    }

    private func others(beside messages: MessageBook, in transaction: Transaction) async throws -> [any Book] {
        var books: [any Book] = []
        for book in self.application.verification.books { books.append(try await book.read(beside: messages, in: transaction)) }
        return books
    }
}
