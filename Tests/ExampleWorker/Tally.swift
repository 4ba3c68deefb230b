import Conveyor
import Postgres
import Shop

/// A number to count.
struct Tally: Command, Equatable {
    static let type = "tests.tally"
    /// The number that ends ``ExampleWorker``.
    static let crash = -1

    var number: Int
}

/// Reports that a number was counted.
struct Counted: Event, Equatable {
    static let type = "tests.counted"

    var number: Int
}

/// Writes each number into the table `effects`, and emits an event.
struct TallyHandler: Handler {
    /// The table that it writes.
    static let table = "create table effects (id bigint generated always as identity, message_id uuid not null, number int not null)"

    var policy = Policy()
    /// Called for each message first.
    let check: @Sendable (Received<Tally, Void>) async throws -> Void
    /// Called for each batch first.
    let checkAll: @Sendable ([Received<Tally, Void>], Transaction) async throws -> Void

    init(
        policy: Policy = Policy(), check: @escaping @Sendable (Received<Tally, Void>) async throws -> Void = { _ in },
        checkAll: @escaping @Sendable ([Received<Tally, Void>], Transaction) async throws -> Void = { _, _ in }
    ) {
        self.policy = policy
        self.check = check
        self.checkAll = checkAll
    }

    func handle(_ batch: [Received<Tally, Void>], in transaction: Transaction) async throws -> [Reply] {
        try await self.checkAll(batch, transaction)
        for received in batch { try await self.check(received) }
        transaction.enqueue(
            "insert into effects (message_id, number) select * from unnest($1::uuid[], $2::int4[])", batch.map(\.envelope.messageID),
            batch.map { Int32($0.payload.number) })
        return batch.map { .done(result: $0.payload, emits: [Counted(number: $0.payload.number)]) }
    }
}
