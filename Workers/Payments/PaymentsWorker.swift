import ArgumentParser
import Conveyor
import RabbitMQ
import Shop

@main
struct PaymentsWorker: AsyncParsableCommand {
    static let configuration = Part.configuration("payments-worker", "Talks to Stripe: consumes `payments`.", settings: .payments, of: .shop)

    @OptionGroup var options: PartOptions

    func run() async throws {
        try await WorkerPart.run(queue: "payments", of: .shop, concurrency: 8, options: self.options) { part in
            let stripe = try StripeClient(settings: part.settings, logger: part.logger)
            let publishableKey = try part.settings.stripePublishableKey()
            part.handle(
                CreatePaymentIntent(stripe: stripe, pool: part.pool, publishableKey: publishableKey),
                ConfirmPaymentIntent(stripe: stripe, pool: part.pool),
                CancelPaymentIntent(stripe: stripe, pool: part.pool), Refund(stripe: stripe, pool: part.pool), ReceiveEvent(),
                Reconcile(stripe: stripe, pool: part.pool), ForgetPayer())
            let backfill = Backfill(
                stripe: stripe, pool: part.pool, publish: { [publisher = part.publisher] in await publisher.publish($0) },
                interval: try part.settings.interval("STRIPE_BACKFILL_SECONDS"), logger: part.logger)
            part.schedule(backfill.schedule)
        }
    }
}
