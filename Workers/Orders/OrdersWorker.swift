import ArgumentParser
import Kit
import RabbitMQ

@main
struct OrdersWorker: AsyncParsableCommand {
    static let configuration = Part.configuration("orders-worker", "Keeps carts and orders: consumes `orders`.", settings: .plainWorkers)

    @OptionGroup var options: PartOptions

    func run() async throws {
        try await WorkerPart.run(queue: "orders", options: self.options) { part in
            let paymentWindow = try part.settings.minutes("PAYMENT_WINDOW_MINUTES")
            part.handle(PlaceOrderHandler(), SetCartItemHandler(), ClearCartHandler(), CheckoutCartHandler())
            part.handle(StockReservedHandler(paymentWindow: paymentWindow), StockRefusedHandler())
            part.handle(CancelOrderHandler(), ShipOrderHandler(), CompleteOrderHandler())
            part.handle(
                PaymentIntentCreatedHandler(), PaymentProcessingHandler(paymentWindow: paymentWindow), PaymentSucceededHandler(),
                PaymentFailedHandler(), PaymentRefundedHandler(), PaymentRefundFailedHandler(), PaymentDisputedHandler())
            part.handle(ExpireOrderHandler(paymentWindow: paymentWindow), PaymentCanceledHandler())
            part.serve(DeadlineSweep(pool: part.pool, publish: { [publisher = part.publisher] in await publisher.publish($0) }, logger: part.logger))
        }
    }
}
