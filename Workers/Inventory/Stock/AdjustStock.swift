import Conveyor
import Postgres
import Shop

/// Changes or sets a product's stock, with a line in the ledger. A command older than the last applied one is rejected.
struct AdjustStockHandler: Handler {
    /// The default threshold.
    let lowStockThreshold: Int

    func handle(_ batch: [Received<AdjustStock, Void>], in transaction: Transaction) async throws -> [Reply] {
        let rows = try await transaction.pipeline([
            StockLedger.locking(batch.lazy.map(\.payload.productID)), Acceptances.reading(batch.lazy.map(\.envelope)),
        ])
        var ledger = try StockLedger(rows[0], defaultThreshold: self.lowStockThreshold)
        let acceptances = try Acceptances(rows[1])
        let replies = try batch.map { message -> Reply in
            let command = message.payload
            guard (command.delta == nil) != (command.set == nil) else {
                let found = command.delta == nil ? "delta and set are missing" : "delta and set are both there"
                throw Poison(.invalidPayload, "\(found), exactly one of them must be there")
            }
            do {
                let alert = try ledger.adjust(
                    command.productID, by: command.delta, to: command.set, reason: command.reason, message.envelope,
                    acceptances[message.envelope])
                return .done(emits: alert.map { [$0] } ?? [], changes: [.product(command.productID)])
            } catch let problem as Problem {
                return .rejected(problem)
            }
        }
        try ledger.write(in: transaction)
        return replies
    }
}

extension StockLedger {
    /// Changes a stock by hand: by a difference, or to a count.
    /// - Returns: an alert if this brought the stock down to its threshold.
    /// - Throws: `not_found`, `superseded`, `stock_below_zero`, `invalid`; without any change.
    mutating func adjust(_ id: ID, by delta: Int?, to count: Int?, reason: String?, _ envelope: Envelope, _ acceptance: Acceptance) throws
        -> StockLow?
    {
        guard let stock = self[id] else { throw Problem(.notFound, "There is no such product.") }
        try self.check(acceptance, id, isCount: count != nil)
        let (sum, overflow) = stock.addingReportingOverflow(delta ?? 0)
        let target = count ?? sum
        guard !overflow, target <= Self.limit else { throw Problem(.invalid, "The stock would be more than \(Self.limit).") }
        guard target >= 0 else { throw Problem(.stockBelowZero, "Only \(stock) units are available.") }
        self.note(acceptance, id, isCount: count != nil)
        return try self.move(target - stock, of: id, Note(kind: .adjustment, actor: envelope.actor, reason: reason))
    }
}
