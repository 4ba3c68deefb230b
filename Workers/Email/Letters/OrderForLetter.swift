import Conveyor
import FoundationEssentials
import MailTemplates
import Postgres
import Shop
import Transfer

/// An order as e-mails describe it.
struct OrderForLetter: Sendable {
    let id: ID
    let userID: ID
    let status: String
    let paymentStatus: PaymentStatus
    let paymentDueAt: Date?
    let carrier: String?
    let trackingNumber: String?
    private let number: Int64
    private let total: Money
    private let refunded: Money
    private let address: Address?
    /// nil if the account was erased.
    private let email: String?
    /// nil unless the address is verified; see ``Letters``.
    private let name: String?
    /// For an order that was paid after it had been given up: the answer to the second reservation, `held` or `refused`.
    private let revival: String?
    /// The optional notifications that the customer wants; none if the account was erased.
    let wantsSMS: Bool
    let wantsEmailUpdates: Bool
    private let items: [(name: String, quantity: Int32, unitAmount: Money)]

    private static let head: Statement = """
        select o.number, o.total_amount, o.amount_refunded, o.currency, o.status, o.payment_status, o.payment_due_at, o.carrier, o.tracking_number,
               o.shipping_address::text, u.email, case when u.email_verified then u.full_name end, o.revival, o.user_id,
               coalesce(u.wants_sms, false), coalesce(u.wants_email_updates, false)
        from orders o left join users u on u.id = o.user_id and u.erased_at is null where o.id = $1
        """
    private static let lines: Statement = "select name, quantity, unit_amount from order_items where order_id = $1 order by name"

    /// nil if the order does not exist.
    static func read(_ id: ID, in pool: PostgresPool) async throws -> OrderForLetter? {
        let results = try await pool.pipeline([Call(self.head, id), Call(self.lines, id)])
        guard let row = results[0].first else { return nil }
        let currency = try row[3, as: String.self]
        let items = try results[1].decode((String, Int32, Int64).self).map { (name: $0, quantity: $1, unitAmount: Money($2, currency)) }
        return OrderForLetter(
            id: id, userID: try row[13], status: try row[4], paymentStatus: PaymentStatus(rawValue: try row[5]) ?? .unpaid,
            paymentDueAt: try row[6], carrier: try row[7], trackingNumber: try row[8], number: try row[0], total: Money(try row[1], currency),
            refunded: Money(try row[2], currency),
            address: try? JSON.decode(Address.self, from: Array(try row[9, as: String.self].utf8)), email: try row[10], name: try row[11],
            revival: try row[12], wantsSMS: try row[14], wantsEmailUpdates: try row[15], items: items)
    }

    /// The customer's address; nil if the account was erased.
    var mailbox: Mailbox? { get throws { try self.email.map { try Letters.mailbox($0, self.name) } } }

    /// The telephone number in the shipping address, if it is in E.164 form.
    var phone: String? {
        guard let digits = self.address?.phone?.filter({ !" -()./".contains($0) }), digits.hasPrefix("+"), (8...16).contains(digits.count),
            digits.dropFirst().allSatisfy(\.isASCII), digits.dropFirst().allSatisfy(\.isNumber)
        else { return nil }
        return digits
    }

    /// The values that every e-mail about an order may use.
    func values(shopURL: String) -> MailValues {
        var values: MailValues = [
            "number": String(self.number), "total": self.total.description, "url": "\(shopURL)/orders/\(self.id)",
            "paid": self.paymentStatus.isSettled, "revived": self.revival == "held", "sold_out": self.revival == "refused",
            "items": self.items.map { name, quantity, unitAmount in
                [
                    "name": name, "quantity": String(quantity), "unit_amount": unitAmount.description,
                    "amount": Money(unitAmount.amount * Int64(quantity), unitAmount.currency).description,
                ]
            }, "address": self.address?.lines ?? [],
        ]
        values["name"] = self.name
        values["carrier"] = self.carrier
        values["tracking_number"] = self.trackingNumber
        if self.refunded.amount > 0 { values["refunded"] = self.refunded.description }
        return values
    }
}

extension Address {
    /// As on a parcel.
    fileprivate var lines: [String] {
        let town = [self.city, self.state, self.postalCode].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " ")
        return [self.name, self.line1, self.line2 ?? "", town, self.country].filter { !$0.isEmpty }
    }
}
