import Conveyor
import Fixtures
import RabbitMQ
import Shop

/// Messages that tests publish directly, and their effects.
extension RunningSystem {
    /// A message as the ingress would publish it.
    func message<Payload: Message>(_ payload: Payload, id: ID = .v7(milliseconds: UInt64(Clock.milliseconds()))) throws -> Outgoing {
        try Outgoing(
            payload,
            envelope: Envelope(messageID: id, type: Payload.type, actor: "system", schema: payload.version, sentAt: Clock.milliseconds()),
            appID: "tests")
    }

    /// The message that places an order, and the order's id.
    /// - Parameters:
    ///   - noted: whether the order counts as expected.
    ///   - version: 1 is `orders.place`, from ingresses that are not upgraded yet.
    func orderMessage(noted: Bool = true, version: Int = 1) async throws -> (id: ID, message: Outgoing) {
        let id = ID.v7(milliseconds: UInt64(Clock.milliseconds()))
        let order = PlaceOrder(userID: self.buyer, items: try self.lines(), shippingAddress: .ofTests)
        let message = try version == 1 ? self.message(order, id: id) : self.message(ReserveStock(order: order), id: id)
        if noted { self.note(accepted: id.description) }
        return (id, message)
    }

    /// The message with which the inventory decides first, instead of the one that places an order.
    func reservation(of order: (id: ID, message: Outgoing)) throws -> Outgoing {
        try self.message(ReserveStock(order: try JSON.decode(PlaceOrder.self, from: order.message.body)), id: order.id)
    }

    /// Publishes messages; each must be confirmed.
    func publish(_ messages: [Outgoing]) async throws {
        try await withPublisher(self.host.amqpURL, confirmTimeout: .seconds(60)) { publisher in
            let failures = await publisher.publish(messages).compactMap(\.self)
            guard failures.isEmpty else { throw FixtureError("not published: \(failures.prefix(3))") }
        }
    }

    /// Takes all messages out of a queue.
    func taken(from queue: String) async throws -> [Delivery] {
        guard let count = try await self.host.ready(queue) else { throw FixtureError("no queue \(queue)") }
        return try await withConsumer(self.host.amqpURL, queue: .named(queue), prefetch: 500) { consumer in
            var taken: [Delivery] = []
            // No more at once than the prefetch.
            while taken.count < count { taken += try await consumer.takeAndAcknowledge(min(500, count - taken.count), within: .seconds(60)) }
            return taken
        }
    }

    /// Waits until these orders exist and are past `pending`.
    func waitForOrders(_ orders: [ID]) async throws {
        let list = orders.map { "'\($0)'" }.joined(separator: ",")
        try await eventually("\(orders.count) orders are decided", within: .seconds(180), every: .milliseconds(100)) {
            try await self.database.value("select count(*) from orders where id in (\(list)) and status <> 'pending'") == "\(orders.count)"
        }
    }

    /// The number of rows in each table that orders fill.
    func traces(of orders: [String]) async throws -> [[String?]] {
        let list = orders.map { "'\($0)'" }.joined(separator: ",")
        return try await self.database.psql(
            """
            select (select json_agg(status order by id) from orders where id in (\(list))),
                (select count(*) from order_events where order_id in (\(list))), (select count(*) from stock_movements where order_id in (\(list))),
                (select count(*) from payments where order_id in (\(list))),
                (select count(*) from emails where subject in (\(list))), (select count(*) from inbox where correlation_id in (\(list)))
            """)
    }

    /// A dead letter.
    struct DeadLetter: Sendable {
        var id: String
        var errorType: String
        /// Length of its payload.
        var bytes: Int
    }

    func deadLetters(_ messages: [ID]) async throws -> [DeadLetter] {
        let list = messages.map { "'\($0)'" }.joined(separator: ",")
        return try await self.database.psql("select id, error_type, length(payload) from dead_letters where message_id in (\(list))").map {
            DeadLetter(id: $0[0] ?? "", errorType: $0[1] ?? "", bytes: Int($0[2] ?? "") ?? 0)
        }
    }

    /// Waits until all these messages are dead letters.
    func waitForDeadLetters(_ messages: [ID]) async throws -> [DeadLetter] {
        try await eventualValue("\(messages.count) dead letters", within: .seconds(120), every: .milliseconds(100)) {
            let letters = try await self.deadLetters(messages)
            return letters.count == messages.count ? letters : nil
        }
    }
}
