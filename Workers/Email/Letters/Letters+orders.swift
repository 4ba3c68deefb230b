import Kit
import Postgres
import Shop
import Transfer

/// What customers are told of their orders.
extension Letters {
    private static let head: Statement = """
        select o.number, o.total_amount, o.amount_refunded, o.currency, o.carrier, o.tracking_number, u.email, u.full_name
        from orders o join users u on u.id = o.user_id and u.erased_at is null where o.id = $1
        """
    private static let items: Statement = "select name, quantity, unit_amount from order_items where order_id = $1 order by name"

    /// A letter about an order, one a kind.
    func order(_ id: ID, _ kind: String) async throws -> Letter? {
        guard let (to, values) = try await self.about(id) else { return nil }
        return Letter(kind: kind, subject: id.description, to: to, values: values)
    }

    /// An attempt to pay failed: one letter an attempt.
    func paymentFailed(_ event: PaymentFailed) async throws -> Letter? {
        guard let (to, about) = try await self.about(event.orderID) else { return nil }
        var values = about
        values["url"] = "\(self.shopURL)/orders/\(event.orderID)"
        return Letter(kind: "payment_failed", subject: "\(event.orderID)/\(event.attempt)", to: to, values: values)
    }

    /// Money went back: one letter a refund.
    func refunded(_ event: PaymentRefunded) async throws -> Letter? {
        guard let (to, about) = try await self.about(event.orderID) else { return nil }
        var values = about
        values["amount"] = Money(event.amount, event.currency).description
        return Letter(kind: "refunded", subject: event.refundID, to: to, values: values)
    }

    /// To the shop's staff: a customer disputes a charge, once a status.
    func disputed(_ event: PaymentDisputed) async throws -> Letter? {
        guard let admin else { return nil }
        guard var (_, values) = try await self.about(event.orderID) else { return nil }
        values["amount"] = Money(event.amount, event.currency).description
        values["status"] = event.status
        values["dispute_id"] = event.disputeID
        return Letter(kind: "dispute", subject: "\(event.disputeID)/\(event.status)", to: admin, values: values)
    }

    /// The recipient and the values that every letter about an order has; nil if its account was erased.
    private func about(_ id: ID) async throws -> (Mailbox, [String: any Sendable])? {
        let results = try await self.pool.pipeline([Call(Self.head, id), Call(Self.items, id)])
        guard
            let (number, total, refunded, currency, carrier, tracking, email, name) =
                try results[0].decode((Int64, Int64, Int64, String, String?, String?, String, String?).self).first
        else { return nil }
        let items: [[String: any Sendable]] = try results[1].decode((String, Int32, Int64).self).map { name, quantity, unit in
            ["name": name, "quantity": String(quantity), "amount": Money(unit * Int64(quantity), currency).description]
        }
        let values: [String: any Sendable] = [
            "name": name ?? "", "number": String(number), "total": Money(total, currency).description,
            "refunded": Money(refunded, currency).description, "items": items, "carrier": carrier ?? "", "tracking_number": tracking ?? "",
            "shop_url": self.shopURL, "url": "\(self.shopURL)/orders/\(id)",
        ]
        return (try Self.mailbox(email, name), values)
    }
}
