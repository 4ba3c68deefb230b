import Conveyor
import FoundationEssentials
import MailTemplates
import Postgres
import Shop
import Transfer

/// The customers' e-mails about their orders.
extension Letters {
    /// An e-mail about an order, one per kind; as a text message too, if the kind has one and there is a number.
    func order(_ id: ID, _ template: MailTemplate) async throws -> [Notice] {
        guard let order = try await OrderForLetter.read(id, in: self.pool), let to = try order.mailbox else { return [] }
        var values = order.values(shopURL: self.shopURL)
        if template == .orderShipped {
            values.addFact("Carrier", order.carrier)
            values.addFact("Tracking number", order.trackingNumber)
        }
        var notices: [Notice] = []
        if template == .orderConfirmation || order.wantsEmailUpdates {
            notices.append(Notice(template: template, subject: id.description, recipient: .mailbox(to), userID: order.userID, values: values))
        }
        if template.hasTextMessage, order.wantsSMS, let phone = order.phone {
            notices.append(Notice(template: template, subject: id.description, recipient: .phone(phone), userID: order.userID, values: values))
        }
        return notices
    }

    /// After a failed payment attempt: one e-mail per attempt, unless the order has been decided meanwhile.
    func paymentFailed(_ event: PaymentFailed) async throws -> [Notice] {
        guard let order = try await OrderForLetter.read(event.orderID, in: self.pool), let to = try order.mailbox,
            order.status == OrderStatus.awaitingPayment.rawValue, order.wantsEmailUpdates
        else { return [] }
        var values = order.values(shopURL: self.shopURL)
        values["why"] = Self.reason(of: event.failureCode)
        values["due"] = order.paymentDueAt.map(Self.time)
        return [
            Notice(
                template: .paymentFailed, subject: "\(event.orderID)/\(event.attempt)", recipient: .mailbox(to), userID: order.userID, values: values)
        ]
    }

    /// After a refund: one e-mail per refund.
    func refunded(_ event: PaymentRefunded) async throws -> [Notice] {
        guard let order = try await OrderForLetter.read(event.orderID, in: self.pool), let to = try order.mailbox else { return [] }
        var values = order.values(shopURL: self.shopURL)
        values["amount"] = Money(event.amount, event.currency).description
        values["refunded"] = Money(event.amountRefunded, event.currency).description
        return [Notice(template: .refunded, subject: event.refundID, recipient: .mailbox(to), userID: order.userID, values: values)]
    }

    /// The reason of a decline, in words. Stripe advises not to reveal more, in case the card is stolen (docs.stripe.com/declines/codes).
    private static func reason(of code: String?) -> String {
        switch code {
        case "insufficient_funds": "Your bank says that there is not enough money in the account."
        case "expired_card": "The card has expired."
        case "incorrect_cvc", "invalid_cvc": "The card's security code was not right."
        case "incorrect_number", "invalid_number": "The card's number was not right."
        case "processing_error", "try_again_later", "issuer_not_available": "Your bank was temporarily unavailable."
        case "authentication_required", "payment_intent_authentication_failure": "You did not confirm it with your bank."
        default: "Your bank has declined it."
        }
    }

    /// `24 November, 21:04 UTC`
    private static func time(_ date: Date) -> String {
        let months = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
        ]
        // 2026-11-24T21:04:05.123Z
        let text = Timestamp.string(date)
        let parts = text.prefix(10).split(separator: "-").compactMap { Int($0) }
        guard parts.count == 3, months.indices.contains(parts[1] - 1) else { return text }
        return "\(parts[2]) \(months[parts[1] - 1]), \(text.dropFirst(11).prefix(5)) UTC"
    }
}
