import Conveyor
import MailTemplates
import Postgres
import Shop

/// The e-mails to the staff.
extension Letters {
    private static let product: Statement = "select sku, name from products where id = $1"

    /// A product's stock fell to its threshold: one e-mail per crossing.
    func stockLow(_ event: StockLow) async throws -> [Notice] {
        guard let admin else { return [] }
        let (sku, name) = try await self.pool.query(Self.product, event.productID).decode((String, String).self).first ?? ("", "\(event.productID)")
        var values: MailValues = [
            "sku": sku, "product": name, "stock_quantity": String(event.stockQuantity), "threshold": String(event.threshold),
            "sold_out": event.stockQuantity == 0,
        ]
        values.addFact("Product", name)
        values.addFact("SKU", sku)
        values.addFact("Left", String(event.stockQuantity))
        return [Notice(template: .stockLow, subject: "\(event.productID)/\(event.crossing)", recipient: .mailbox(admin), values: values)]
    }

    private static let disputeReason: Statement = "select reason from disputes where dispute_id = $1"

    /// A customer disputes a charge, or the dispute changed: one e-mail per state.
    func disputed(_ event: PaymentDisputed) async throws -> [Notice] {
        guard let admin, let order = try await OrderForLetter.read(event.orderID, in: self.pool) else { return [] }
        let reason = try await self.pool.query(Self.disputeReason, event.disputeID).decode(String?.self).first ?? nil
        let amount = Money(event.amount, event.currency).description
        var values = order.values(shopURL: self.shopURL)
        values["amount"] = amount
        let status = Self.words(event.status.rawValue)
        values["status_words"] = status
        let isOpen = [.needsResponse, .warningNeedsResponse, .appealNeedsResponse].contains(event.status)
        let isDecided = [.won, .lost, .warningClosed, .prevented].contains(event.status)
        values["is_open"] = isOpen
        values["is_decided"] = isDecided
        values["is_waiting"] = !isOpen && !isDecided
        values["headline"] =
            switch event.status {
            case .won: "You have won the dispute about \(amount)."
            case .lost: "You have lost the dispute about \(amount)."
            case .underReview, .warningUnderReview: "The bank looks at the dispute about \(amount)."
            case .warningClosed, .prevented: "The bank's inquiry about \(amount) is closed."
            case .appealNeedsResponse, .appealUnderReview: "The dispute about \(amount), which was lost, continues with an appeal."
            case .needsResponse, .warningNeedsResponse: "A customer disputes a payment of \(amount)."
            }
        values.addFact("Dispute", event.disputeID)
        values.addFact("Reason", reason.map(Self.words))
        values.addFact("Status", status)
        return [Notice(template: .dispute, subject: "\(event.disputeID)/\(event.status.rawValue)", recipient: .mailbox(admin), values: values)]
    }

    /// `needs_response` → `needs response`
    private static func words(_ code: String) -> String { code.split(separator: "_").joined(separator: " ") }
}
