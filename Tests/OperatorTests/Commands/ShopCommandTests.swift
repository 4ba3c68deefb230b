import Conveyor
import Fixtures
import FoundationEssentials
import Identity
import Shop
import Testing
import Transfer

@testable import ConveyorOperator
@testable import Operator

/// A running shop from the operator's side: `sample load`, `catalog import`, `users`, `orders show`, `operations`, `trace`, `verify`, `queues`,
/// `doctor`.
@Suite struct ShopCommandTests {
    private static let catalog = """
        sku,name,unit_amount,stock_quantity,category
        TEA-1,"Assam, second flush",1250,40,kitchen
        TEA-2,Darjeeling,cheap,1,kitchen
        TEA-3,Ceylon,900,5,nosuch
        SAMPLE-000001,Kettle of the year,,,

        """

    @Test func `from an empty database to a paid order, every step can be inspected`() async throws {
        try await withOperatedShop { shop in
            try await self.fill(shop)
            let order = try await self.buy(shop)
            try await self.look(at: order, shop)
            try await self.check(shop)
        }
    }

    /// Products and people.
    private func fill(_ shop: OperatedShop) async throws {
        let folder = try Scratch.folder("sample")
        let (tokens, products) = (folder.appending(path: "tokens").path, folder.appending(path: "products").path)
        for _ in 0..<2 {
            let load = try await shop.conveyor(
                "sample", "load", "--products", "3", "--users", "2", "--stock", "10", "--tokens-file", tokens, "--products-file", products)
            #expect(load.status == 0 && load.output.hasPrefix("6 categories, 3 products, 3 users"), "\(load.error)")
        }
        #expect(try String(contentsOfFile: tokens, encoding: .utf8).split(separator: "\n").count == 2)
        #expect(
            try String(contentsOfFile: products, encoding: .utf8).split(separator: "\n").map(String.init)
                == (1...3).map { "\(SampleShop.product($0))" })
        #expect(try await shop.site.database.value("select count(*) from products") == "3")

        let dry = try await shop.conveyor("catalog", "import", "-", "--dry-run", input: Self.catalog)
        #expect(dry.status == 1 && dry.output.hasPrefix("4 rows: 1 new, 1 known, 2 refused; nothing was sent"))
        let imported = try await shop.conveyor("catalog", "import", "-", "--json", input: Self.catalog)
        #expect(imported.status == 1, "two rows were refused")
        #expect(try imported.rows.map { $0["line"].integer } == [3, 4])
        #expect(try imported.column("sku") == ["TEA-2", "TEA-3"] && imported.column("reason").last == "no category has the slug nosuch")
        #expect(
            try await shop.site.database.psql("select name, stock_quantity from products where sku = 'TEA-1'") == [["Assam, second flush", "40"]])
        #expect(try await shop.site.database.value("select name from products where sku = 'SAMPLE-000001'") == "Kettle of the year")
        #expect(try await shop.conveyor("catalog", "import", "/no/such/file").status == 64)
        let good = try await shop.conveyor("catalog", "import", "-", input: "sku,unit_amount\nTEA-1,1300\n")
        #expect(good.status == 0 && good.output == "1 row: 0 new, 1 known, 0 refused\n")
        try await self.refuse(shop)
    }

    /// Values that `POST /products` refuses.
    private func refuse(_ shop: OperatedShop) async throws {
        let files = [
            "sku,name,unit_amount\nB-1,  ,1\n", "sku,name,unit_amount\n  ,Blank,1\n", "sku,name,unit_amount\nTEA-1 ,Assam,1\n",
            "sku,name,unit_amount\n\u{a0}TEA-1,Assam,1\n", "sku,name,unit_amount\nB-2,x,1e3\n", "sku,name,unit_amount,currency\nB-3,x,1,xyz\n",
            "sku,name,unit_amount,images\nB-4,x,1,\"https://x.example/\"\"><script>alert(1)</script>\"\n",
            "sku,name,unit_amount,images\nB-5,x,1,https://\n",
            "sku,name,unit_amount,images\nB-6,x,1,\(Array(repeating: "https://x.example/a.png", count: 21).joined(separator: " "))\n",
            "sku,name,unit_amount,currency\nB-7,x,5,kwd\n",
        ]
        for file in files {
            let refused = try await shop.conveyor("catalog", "import", "-", input: file)
            #expect(refused.status == 1 && refused.output.hasPrefix("1 row: 0 new, 0 known, 1 refused"), "\(file) \(refused.output)")
        }
        let twice = try await shop.conveyor("catalog", "import", "-", input: "sku,name,Name,unit_amount\nB-8,x,y,1\n")
        #expect(twice.status != 0 && twice.error.contains("the column name is there twice"), "\(twice.error)")
        let trailing = try await shop.conveyor("catalog", "import", "-", input: "sku,unit_amount\nTEA-1,1300\n,\n,\n")
        #expect(trailing.status == 0 && trailing.output == "1 row: 0 new, 1 known, 0 refused\n")
        #expect(try await shop.site.database.value("select count(*) from products where sku like 'B-%' or sku <> trim(sku)") == "0")
    }

    /// One order over the API, with a token from the command line.
    private func buy(_ shop: OperatedShop) async throws -> JSONValue {
        let token = try await shop.conveyor("users", "token", "user1@example.com")
        #expect(token.status == 0 && token.output.filter { $0 == "\n" }.count == 1)
        let bearer = String(token.output.dropLast())
        let address: JSONValue = .object([
            "name": .string("Ada Lovelace"), "line1": .string("12 St James's Square"), "city": .string("London"), "postal_code": .string("SW1Y 4JH"),
            "country": .string("GB"),
        ])
        let lines: JSONValue = .array([.object(["product_id": .string("\(SampleShop.product(2))"), "quantity": .int(3)])])
        let placed = try await shop.call(.post, "/orders", .object(["items": lines, "shipping_address": address]), token: bearer)
        let id = try #require(placed["resource"]["id"].string)
        let intent = try await shop.call(.post, "/payments/create-payment-intent", .object(["order_id": .string(id)]), token: bearer)["result"]
        try await shop.pay(intent)
        try await eventually("the order to be paid", within: .seconds(60)) {
            try await shop.call(.get, "/orders/\(id)", token: bearer)["status"].string == "paid"
        }
        _ = try await shop.mail.mails(1, within: .seconds(60))
        try await eventually("the e-mail to be noted", within: .seconds(60)) {
            try await shop.site.database.value("select count(*) from calls where kind = 'mail' and outcome like '250%'") != "0"
        }
        let order = try await shop.call(.get, "/orders/\(id)", token: bearer)
        return .object(["order": order, "operation": placed["operation_id"], "intent": intent["payment_intent_id"]])
    }

    private func look(at bought: JSONValue, _ shop: OperatedShop) async throws {
        let order = bought["order"]
        let (id, number) = (try #require(order["id"].string), try #require(order["number"].string))
        let (operation, intent) = (try #require(bought["operation"].string), try #require(bought["intent"].string))

        let shown = try await shop.conveyor("orders", "show", id, "--json")
        #expect(shown.status == 0)
        // As in the API, except the time of the last change.
        #expect(try shown.json.members.filter { $0.key != "updated_at" } == order.members.filter { $0.key != "updated_at" })
        let people = try await shop.conveyor("orders", "show", number)
        #expect(people.status == 0 && people.output.contains("order \(number), paid (payment: paid)") && people.output.contains("order.paid"))
        #expect(try await shop.conveyor("orders", "show", "4711").complaint == "no order 4711")

        let stood = try await shop.conveyor("operations", operation, "--json")
        #expect(stood.status == 0)
        #expect(try stood.json.lacks("operation_id, type, status, attempts, result, problem, resource, created_at, finished_at").isEmpty)
        #expect(try stood.json["status"].string == "succeeded" && stood.json["resource"]["id"].string == id)
        #expect(try stood.json["resource"]["url"].string == "/api/v1/orders/\(id)")
        #expect(try await shop.conveyor("operations", "op_nonsense").status == 1)
        #expect(try await shop.conveyor("operations", operation).output.contains("succeeded"))

        // The same tree for every id.
        let byOrder = try await shop.conveyor("trace", id, "--json")
        #expect(byOrder.status == 0)
        let nodes = Self.all(of: .object(["children": .array(try byOrder.rows)])).dropFirst()
        let keys = "id, kind, name, at, ms, outcome, attempt, message_id, order_id, children"
        #expect(nodes.allSatisfy { $0.lacks(keys).isEmpty })
        #expect(Set(nodes.compactMap { $0["kind"].string }) == ["http", "message", "handler", "stripe", "mail"])
        #expect(nodes.contains { $0["kind"].string == "http" && $0["name"].string == "POST /orders" })
        #expect(nodes.contains { $0["kind"].string == "stripe" && $0["name"].string == "POST /v1/payment_intents" && $0["outcome"].string == "200" })
        for name in ["inventory.reserve", "stock.reserved", "payments.create_intent", "payments.stripe_event", "payment.succeeded"] {
            #expect(nodes.contains { $0["kind"].string == "message" && $0["name"].string == name && $0["outcome"].string == "succeeded" }, "\(name)")
        }
        for other in [number, intent, operation] {
            let trace = try await shop.conveyor("trace", other)
            #expect(trace.status == 0 && trace.output.contains("orders-worker") && trace.output.contains("└─ "), "\(other)")
        }
        let nothing = try await shop.conveyor("trace", "pi_nosuch")
        #expect(nothing.status == 1 && nothing.complaint == "nothing found for pi_nosuch")
    }

    private static func all(of node: JSONValue) -> [JSONValue] { [node] + node["children"].array.flatMap { self.all(of: $0) } }

    /// The books balance, and an error is reported.
    private func check(_ shop: OperatedShop) async throws {
        let books = try await shop.conveyor("audit", "--json")
        #expect(books.status == 0, "\(books.output)")
        let json = try books.json
        #expect(json["messages"].lacks("accepted, finished, rejected, dead, queued, balance").isEmpty)
        #expect(json["stock"].lacks("received, available, reserved, sold, balance").isEmpty)
        #expect(json["money"].lacks("ordered, paid, refunded, balance").isEmpty)
        #expect(json["messages"]["accepted"] == json["messages"]["finished"] && json["messages"]["balance"] == .int(0))
        #expect(json["stock"]["received"] == .int(70) && json["stock"]["sold"] == .int(3))
        #expect(json["money"]["paid"] == json["money"]["ordered"])

        let queues = try await shop.conveyor("queues", "--json").rows
        #expect(queues.allSatisfy { $0["consumers"] == .int(1) && $0["ready"] == .int(0) })
        let doctor = try await shop.conveyor("doctor", "--json")
        let wrong = try doctor.rows.filter { $0["verdict"].string == "failed" }
        #expect(doctor.status == 0 && wrong.isEmpty, "\(wrong)")

        // A cent without a payment, and a unit without a movement.
        try await shop.site.database.psql(
            "update payments set amount_received = amount_received - 1; update products set stock_quantity = stock_quantity + 1 where sku = 'TEA-1'")
        let unbalanced = try await shop.conveyor("audit", "--json")
        #expect(unbalanced.status == 1)
        #expect(try unbalanced.json["money"]["balance"] != .int(0) && unbalanced.json["stock"]["balance"] != .int(0))
        #expect(try await shop.conveyor("audit").output.contains("✗"))
    }
}
