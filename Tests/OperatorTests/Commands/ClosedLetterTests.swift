import Conveyor
import Fixtures
import RabbitMQ
import Shop
import Testing

@testable import ConveyorOperator
@testable import Operator

/// A closed dead letter never runs again, wherever a copy of its message is and whichever client repeats it.
@Suite struct ClosedLetterTests {
    /// A command with two contradicting fields is a dead letter, under the id that a client's key would give it.
    private func dead(_ shop: OperatedShop, _ product: ID) async throws -> (letter: String, message: ID) {
        let message = ID.v7(milliseconds: UInt64(Clock.milliseconds()))
        try await self.publish(AdjustStock(productID: product, delta: 1, set: 1, reason: "both"), message, shop)
        let letter = try await eventualValue("the dead letter") {
            try await shop.site.database.value("select id from dead_letters where message_id = '\(message)'")
        }
        return (letter, message)
    }

    private func publish(_ command: AdjustStock, _ id: ID, _ shop: OperatedShop) async throws {
        let envelope = Envelope(messageID: id, type: AdjustStock.type, actor: "system", sentAt: Clock.milliseconds())
        try await withPublisher(shop.site.host.amqpURL) { try await $0.publish(Outgoing(command, envelope: envelope, appID: "ingress")) }
    }

    /// Publishes a copy of a message, then another message, whose effect shows that the copy was handled.
    private func repeatAndWait(_ command: AdjustStock, _ id: ID, _ shop: OperatedShop) async throws {
        try await self.publish(command, id, shop)
        let marker = ID.v7(milliseconds: UInt64(Clock.milliseconds()))
        try await self.publish(AdjustStock(productID: .v7(milliseconds: 1), delta: 1, reason: "marker"), marker, shop)
        try await eventually("the marker to be handled") {
            try await shop.site.database.value("select count(*) from inbox where message_id = '\(marker)'") == "1"
        }
    }

    @Test func `neither an edited nor a discarded message runs when its client sends it again`() async throws {
        try await withOperatedShop { shop in
            let load = try await shop.conveyor("sample", "load", "--products", "2", "--users", "1", "--stock", "10")
            #expect(load.status == 0, "\(load.error)")
            let products = (1...2).map { SampleShop.product($0) }
            func stock(_ product: ID) async throws -> String? {
                try await shop.site.database.value("select stock_quantity from products where id = '\(product)'")
            }

            let edited = try await self.dead(shop, products[0])
            let replay = try await shop.conveyor(
                "dead", "replay", "--edit", "-", edited.letter, input: #"{"product_id": "\#(products[0])", "delta": 2, "reason": "edited"}"#)
            #expect(replay.status == 0, "\(replay.error)")
            try await eventually("the edited one to be handled") { try await stock(products[0]) == "12" }
            try await self.repeatAndWait(AdjustStock(productID: products[0], delta: 1, reason: "again"), edited.message, shop)
            #expect(try await stock(products[0]) == "12")

            let discarded = try await self.dead(shop, products[1])
            #expect(try await shop.conveyor("dead", "discard", discarded.letter, "--reason", "a test").status == 0)
            try await self.repeatAndWait(AdjustStock(productID: products[1], delta: 1, reason: "again"), discarded.message, shop)
            #expect(try await stock(products[1]) == "10")
            let refused = try await shop.conveyor("dead", "replay", discarded.letter)
            #expect(refused.status == 1 && refused.complaint?.contains("counts as handled") == true)
            #expect(try await stock(products[1]) == "10")

            // It still counts as dead, and the books balance.
            let books = try await shop.conveyor("audit", "--json")
            #expect(books.status == 0, "\(books.output)")
            #expect(try books.json["messages"]["dead"].integer == 1)

            // An edit of it runs under a new id.
            let again = try await shop.conveyor(
                "dead", "replay", "--edit", "-", discarded.letter, input: #"{"product_id": "\#(products[1])", "delta": 3, "reason": "after all"}"#)
            #expect(again.status == 0, "\(again.error)")
            try await eventually("the edited one to be handled") { try await stock(products[1]) == "13" }
        }
    }
}
