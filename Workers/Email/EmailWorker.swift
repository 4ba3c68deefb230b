import ArgumentParser
import Conveyor
import MailTemplates
import Shop

@main
struct EmailWorker: AsyncParsableCommand {
    static let configuration = Part.configuration("email-worker", "Sends the e-mails: consumes `email`.", settings: .email, of: .shop)

    @OptionGroup var options: PartOptions

    func run() async throws {
        try await WorkerPart.run(queue: "email", of: .shop, concurrency: 4, options: self.options) { part in
            let post = try Post(settings: part.settings, concurrency: part.lanes * NotifyLimits.largestBatch, logger: part.logger)
            let letters = try Letters(settings: part.settings, pool: part.pool)
            if let push = try PushSender(settings: part.settings, pool: part.pool) { part.handle(push) }
            part.handle(
                Notify(SendEmail.self, post: post) { try await letters.asked($0) },
                Notify(AccountRegistered.self, post: post) { try await letters.welcome($0) },
                Notify(OrderPaid.self, post: post, pushes: { $0.orderID }) { try await letters.order($0.orderID, .orderConfirmation) },
                Notify(OrderShipped.self, post: post, pushes: { $0.orderID }) { try await letters.order($0.orderID, .orderShipped) },
                Notify(OrderCancelled.self, post: post, pushes: { $0.orderID }) { try await letters.order($0.orderID, .orderCancelled) },
                Notify(OrderExpired.self, post: post, pushes: { $0.orderID }) { try await letters.order($0.orderID, .orderExpired) },
                Notify(PaymentFailed.self, post: post, pushes: { $0.orderID }) { try await letters.paymentFailed($0) },
                Notify(PaymentRefunded.self, post: post, pushes: { $0.orderID }) { try await letters.refunded($0) },
                Notify(PaymentDisputed.self, post: post) { try await letters.disputed($0) },
                Notify(StockLow.self, post: post) { try await letters.stockLow($0) },
                ForgetLetters())
        }
    }
}
