import Kit
import Postgres
import Shop

/// Adds to, takes from or sets the units that can be sold, with a line in the ledger. Of several commands that set it, the newest wins.
struct AdjustStockHandler: Handler {
    /// Of products without a threshold of their own.
    let lowStockThreshold: Int

    func handle(_ batch: [Received<AdjustStock, Void>], in transaction: Transaction) async throws -> [Reply] {
        var ledger = try await StockLedger.lock(
            batch.lazy.map(\.payload.productID), defaultThreshold: self.lowStockThreshold, in: transaction)
        let replies = try batch.map { message -> Reply in
            let command = message.payload
            guard (command.delta == nil) != (command.set == nil) else { throw Poison(.invalidPayload, "exactly one of delta and set is needed") }
            do {
                let alert = try ledger.adjust(
                    command.productID, by: command.delta, to: command.set, reason: command.reason, message.envelope)
                return .done(emits: alert.map { [$0] } ?? [], changes: [.product(command.productID)])
            } catch let problem as Problem {
                return .rejected(problem)
            }
        }
        ledger.write(in: transaction)
        return replies
    }
}

extension StockLedger {
    /// Changes a stock by hand: by a difference, or to a count. An outdated count changes nothing.
    /// - Returns: an alert if the stock has fallen to its threshold by this.
    /// - Throws: `not_found`, `stock_below_zero`, `invalid`.
    mutating func adjust(_ id: ID, by delta: Int?, to count: Int?, reason: String?, _ envelope: Envelope) throws -> StockLow? {
        guard let stock = self[id] else { throw Problem(.notFound, "There is no such product.") }
        let (sum, overflow) = stock.addingReportingOverflow(delta ?? 0)
        let target = count ?? sum
        guard !overflow, target <= Self.limit else { throw Problem(.invalid, "The stock would be more than \(Self.limit).") }
        guard target >= 0 else { throw Problem(.stockBelowZero, "There are only \(stock) units that can be sold.") }
        if count != nil, !self.admitsSetting(id, sentAt: envelope.sentDate) { return nil }
        return try self.move(target - stock, of: id, Note(kind: .adjustment, actor: envelope.actor, reason: reason))
    }
}
