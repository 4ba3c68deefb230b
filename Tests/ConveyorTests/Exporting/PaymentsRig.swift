import Fixtures
import RabbitMQ
import Shop
import Testing

@testable import Conveyor

/// A payments-worker with its surroundings, and a receiver of its telemetry.
struct PaymentsRig: Sendable {
    let watcher: Watcher
    let database: TestDatabase
    let host: VirtualHost
    let worker: ChildProcess
    let publisher: Publisher
    let events: Consumer
    /// The customer of the orders.
    let user = ID.v7(milliseconds: 1)

    /// Runs it until `body` ends.
    /// - Parameter settings: additional settings.
    static func run(
        _ settings: @escaping @Sendable (Watcher) -> [String: String] = { _ in [:] }, _ body: @escaping @Sendable (PaymentsRig) async throws -> Void
    ) async throws {
        try await Watcher.run { watcher in
            let stripe = try await StripeDoubleProcess()
            try await withDatabase { database in
                try await withVirtualHost { host in
                    try await host.declareShop()
                    let needed = [
                        "DATABASE_URL": database.url(as: "payments").replacing("conveyor_payments@", with: "conveyor_payments:\(Planted.database)@"),
                        "AMQP_URL": host.amqpURL, "RABBITMQ_API": host.apiURL, "SECRET_KEY": Planted.signing,
                        "STRIPE_SECRET_KEY": StripeDoubleProcess.secretKey, "STRIPE_PUBLISHABLE_KEY": StripeDoubleProcess.publishableKey,
                        "STRIPE_API_BASE": stripe.url, "LOG_LEVEL": "trace", "LOG_SAMPLE": "0",
                    ]
                    try await withPublisher(host.amqpURL) { publisher in
                        try await withConsumer(host.amqpURL, queue: .exclusive(bindings: [("events", "payment.#")])) { events in
                            try await withPart("payments-worker", needed.merging(settings(watcher)) { $1 }) { worker in
                                try await body(
                                    PaymentsRig(
                                        watcher: watcher, database: database, host: host, worker: worker, publisher: publisher, events: events))
                            }
                        }
                    }
                }
            }
        }
    }

    /// An order that can be paid.
    func order() async throws -> ID {
        let id = ID.v7(milliseconds: UInt64(Clock.milliseconds()))
        try await self.database.psql(
            """
            insert into orders (id, user_id, total_amount, status, currency, shipping_address)
            values ('\(id)', '\(self.user)', 1999, 'awaiting_payment', 'usd', '{}')
            """)
        return id
    }

    /// A message from any sender.
    func message(_ type: String, traceparent: String?, body: String) -> Outgoing {
        let envelope = Envelope(
            messageID: .v7(milliseconds: UInt64(Clock.milliseconds())), type: type, actor: self.user.description, traceparent: traceparent,
            sentAt: Clock.milliseconds())
        return Outgoing(exchange: "commands", routingKey: type, properties: envelope.properties(appID: "test"), body: Array(body.utf8))
    }

    /// The next event.
    func nextEvent() async throws -> Delivery { try #require(try await self.events.takeAndAcknowledge(1).first) }
}
