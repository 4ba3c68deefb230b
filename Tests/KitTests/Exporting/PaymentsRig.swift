import Fixtures
import Logging
import RabbitMQ
import ServiceLifecycle
import Shop

@testable import Kit

/// A payments-worker with all that it needs, and someone who watches it.
struct PaymentsRig: Sendable {
    let watcher: Watcher
    let database: TestDatabase
    let host: VirtualHost
    let worker: ChildProcess
    let publisher: Publisher
    let events: Consumer
    /// Whose the orders are.
    let user = ID.v7(milliseconds: 1)

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs it until `body` ends.
    /// - Parameter settings: beside those that it needs.
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
                    let publisher = Publisher(
                        configuration: try BrokerConfiguration(urls: host.amqpURL, connectionName: "test"), logger: Self.quiet)
                    let events = Consumer(
                        configuration: try BrokerConfiguration(urls: host.amqpURL, connectionName: "test"),
                        queue: .exclusive(bindings: [("events", "payment.#")]), prefetch: 100, logger: Self.quiet)
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { try await publisher.run() }
                        group.addTask { try await events.run() }
                        defer { group.cancelAll() }
                        try await events.waitUntilConnected(timeout: .seconds(30))
                        try await eventually("the publisher's connection") { publisher.isConnected }
                        try await withPart("payments-worker", needed.merging(settings(watcher)) { $1 }) { worker in
                            try await body(
                                PaymentsRig(watcher: watcher, database: database, host: host, worker: worker, publisher: publisher, events: events))
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

    /// A message as it may come from anywhere.
    func message(_ type: String, traceparent: String?, body: String) -> Outgoing {
        let envelope = Envelope(
            messageID: .v7(milliseconds: UInt64(Clock.milliseconds())), type: type, actor: self.user.description, traceparent: traceparent,
            sentAt: Clock.milliseconds())
        return Outgoing(exchange: "commands", routingKey: type, properties: envelope.properties(appID: "test"), body: Array(body.utf8))
    }

    /// The event that the broker delivers next.
    func nextEvent(_ type: String) async throws -> Delivery {
        for await batch in self.events.batches {
            if let last = batch.last { await self.events.acknowledge(last.deliveryTag, multiple: true, epoch: last.epoch) }
            if let event = batch.first(where: { $0.properties.type == type }) { return event }
        }
        throw FixtureError("no \(type)")
    }
}

/// Secrets that a test plants, to look for them where they should not be.
enum Planted {
    static let database = "planted-database-password-hunter2"
    static let signing = "planted-signing-key-0123456789-hunter2-xyzabc"
    static let collector = "planted-collector-key-hunter2"
    static let card = "4242424242424242"
    static let password = "planted-password-hunter2"
}
