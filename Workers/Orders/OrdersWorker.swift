import ArgumentParser
import Conveyor
import RabbitMQ
import Shop

@main
struct OrdersWorker: AsyncParsableCommand {
    static let configuration = Part.configuration("orders-worker", "Keeps carts and orders: consumes `orders`.", settings: .plainWorkers, of: .shop)

    @OptionGroup var options: PartOptions

    func run() async throws {
        try await WorkerPart.run(queue: "orders", of: .shop, options: self.options) { part in
            let paymentWindow = try part.settings.minutes("PAYMENT_WINDOW_MINUTES")
            part.handle(Self.handlers(paymentWindow: paymentWindow))
            let sweep = DeadlineSweep(
                pool: part.pool, publish: { [publisher = part.publisher] in await publisher.publish($0) }, logger: part.logger)
            part.schedule(sweep.schedule)
        }
    }

    /// The handlers of all consumed messages.
    /// - Parameter paymentWindow: how long an order awaits its payment.
    static func handlers(paymentWindow: Duration) -> [any Handler] {
        [
            PlaceOrderHandler(), SetCartItemHandler(), ClearCartHandler(), CheckoutCartHandler(),
            StockReservedHandler(paymentWindow: paymentWindow), StockRefusedHandler(),
            CancelOrderHandler(), StaffOnly(ShipOrderHandler()), StaffOnly(CompleteOrderHandler()),
            PaymentIntentCreatedHandler(), PaymentProcessingHandler(paymentWindow: paymentWindow), PaymentSucceededHandler(),
            PaymentFailedHandler(), PaymentRefundedHandler(), PaymentRefundFailedHandler(), PaymentDisputedHandler(),
            ExpireOrderHandler(paymentWindow: paymentWindow), PaymentCanceledHandler(), ForgetCustomer(),
        ]
    }
}
