import Conveyor
import Fixtures
import FoundationEssentials
import RabbitMQ
import Shop
import Testing
import Topology
import Transfer

/// The publishing rights of each part's broker user, as `ops/up` and `ops/deploy/provision` make them.
@Suite struct BrokerUsersTests {
    private func message(_ type: any Message.Type) -> Outgoing {
        Outgoing(
            exchange: type.exchange, routingKey: type.type, mandatory: false, properties: Properties(messageID: type.type, type: type.type), body: [])
    }

    private func withUsers(_ body: (VirtualHost) async throws -> Void) async throws {
        try await withVirtualHost { host in
            try await host.declareShop()
            try await host.provisionUsers()
            try await body(host)
        }
    }

    /// The failure of the first of these messages, once there is a connection, which the broker closes after a forbidden message.
    private func failure(of messages: [Outgoing], by publisher: Publisher) async throws -> PublishFailure? {
        var failure: PublishFailure?
        try await eventually("there is a connection") {
            failure = await publisher.publish(messages)[0]
            return failure != .unreachable
        }
        return failure
    }

    @Test func `a part's user may publish the part's messages only`() async throws {
        try await self.withUsers { host in
            for (part, exchanges) in Topology.publishers.sorted(by: { $0.key < $1.key }) {
                let own = exchanges.values.reduce(into: Set()) { $0.formUnion($1) }
                try await withPublisher(host.amqpURL(as: part)) { publisher in
                    let allowed = MessageCatalogue.all.filter { own.contains($0.type) }
                    #expect(await publisher.publish(allowed.map(self.message)).allSatisfy { $0 == nil }, "\(part)")
                    for type: any Message.Type in [SetAccountFlags.self, RefundPayment.self, ShipOrder.self, PaymentSucceeded.self]
                    where !own.contains(type.type) {
                        // The broker then closes the channel.
                        let failure = try await self.failure(of: [self.message(type)], by: publisher)
                        #expect(failure == .notConfirmed, "\(part) \(type.type)")
                    }
                }
            }
        }
    }

    @Test func `the e-mail worker's user can make no superuser, by AMQP or by the management API`() async throws {
        try await self.withUsers { host in
            try await withPublisher(host.amqpURL(as: "email")) { publisher in
                let refused = try await self.failure(of: [self.message(SetAccountFlags.self), self.message(OperationFinished.self)], by: publisher)
                let taken = try await self.failure(of: [self.message(OperationFinished.self)], by: publisher)
                #expect(refused == .notConfirmed && taken == nil)
            }
            let (user, address) = try #require(
                host.apiURL(as: "email").dropFirst("http://".count).split(separator: "@").map(String.init).paired)
            let response = try await HTTPClient(userAgent: "conveyor-tests/1").send(
                HTTPRequest(
                    .post, url: "http://\(address)/api/exchanges/\(host.name)/commands/publish",
                    headers: ["Authorization": "Basic \(Data(user.utf8).base64EncodedString())", "Content-Type": "application/json"],
                    body: Array(
                        #"{"properties":{"type":"accounts.set_flags"},"routing_key":"accounts.set_flags","payload":"{}","payload_encoding":"string"}"#
                            .utf8)))
            #expect(response.status != 200)
            #expect(try await host.ready("accounts") == 0)
        }
    }

    @Test func `every type is published by some part, to its own exchange`() {
        var published: Set<String> = []
        for (part, exchanges) in Topology.publishers {
            for (exchange, types) in exchanges {
                published.formUnion(types)
                for type in types { #expect(MessageCatalogue[type]?.exchange == exchange, "\(part) \(type)") }
            }
        }
        // Published only by operators, who may publish everything.
        published.formUnion(["cache.clear"])
        for type in MessageCatalogue.all { #expect(published.contains(type.type), "add \(type.type) to topology/parts.yaml") }
    }
}

extension Array {
    fileprivate var paired: (Element, Element)? { self.count == 2 ? (self[0], self[1]) : nil }
}
