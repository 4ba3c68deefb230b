import Conveyor
import Fixtures
import Postgres
import Shop

/// A shop in which only email-worker runs: the data of the e-mails are rows, and the test publishes the events.
func withPost<Result>(
    _ settings: [String: String] = [:], mail: MailSink? = nil, isolation: isolated (any Actor)? = #isolation, _ body: (Stage) async throws -> Result
) async throws -> Result {
    try await withShop(["email-worker"], settings: settings, mail: mail) { shop in
        let stage = Stage(shop: shop, interruption: .none)
        try await stage.setTheScene()
        return try await body(stage)
    }
}

extension Stage {
    /// An order of two packets of tea, optionally shipped.
    func insertLetterOrder(_ status: String = "paid", phone: String? = nil, product: String = "Assam") async throws -> ID {
        let order = ID.new()
        let address = Address(
            name: "Ada Lovelace", line1: "12 St James's Square", city: "London", postalCode: "SW1Y 4JH", country: "GB", phone: phone)
        try await self.shop.pool.pipeline([
            Call(
                """
                insert into orders (id, user_id, total_amount, status, payment_status, currency, shipping_address, carrier, tracking_number, payment_due_at)
                values ($1, $2, 4000, $3, 'paid', 'usd', $4, 'DHL', '00340434161094042557', now() + interval '30 minutes')
                """, order, self.user, status, JSONText(try JSON.encode(address))),
            Call(
                "insert into order_items (order_id, product_id, unit_amount, quantity, sku, name) values ($1, $2, 2000, 2, 'TEA-1', $3)", order,
                self.product, product),
        ])
        return order
    }

    /// Publishes a message and waits until it is handled.
    func done(_ message: some Message, id: ID? = nil) async throws {
        let ending = try await self.shop.ended(self.shop.send(message, id: id))
        guard ending.outcome == "succeeded" else { throw FixtureError("ended as \(ending.outcome)") }
    }

    /// The kinds of the sent e-mails, in alphabetical order.
    func kinds() async throws -> [String] { try await self.shop.pool.query("select kind from emails order by kind").decode(String.self) }

    /// The number of failed attempts, without those of dead letters.
    func retries() async throws -> Int { try await self.shop.pool.query("select from attempts where next_at is not null").count }
}
