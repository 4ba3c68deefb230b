import ArgumentParser
import Kit
import Shop

@main
struct EmailWorker: AsyncParsableCommand {
    static let configuration = Part.configuration("email-worker", "Sends the e-mails: consumes `email`.", settings: .email)

    @OptionGroup var options: PartOptions

    func run() async throws {
        try await WorkerPart.run(queue: "email", options: self.options) { part in
            let post = try Post(settings: part.settings, pool: part.pool)
            let letters = try Letters(settings: part.settings, pool: part.pool)
            part.handle(
                Notify<SendEmail>(post: post) { try await letters.asked($0) },
                Notify<AccountRegistered>(post: post) { try await letters.welcome($0) },
                Notify<OrderPaid>(post: post) { try await letters.order($0.orderID, "order_confirmation") },
                Notify<OrderShipped>(post: post) { try await letters.order($0.orderID, "order_shipped") },
                Notify<OrderCancelled>(post: post) { try await letters.order($0.orderID, "order_cancelled") },
                Notify<OrderExpired>(post: post) { try await letters.order($0.orderID, "order_expired") },
                Notify<PaymentFailed>(post: post) { try await letters.paymentFailed($0) },
                Notify<PaymentRefunded>(post: post) { try await letters.refunded($0) },
                Notify<PaymentDisputed>(post: post) { try await letters.disputed($0) },
                Notify<StockLow>(post: post) { try await letters.stockLow($0) })
        }
    }
}
