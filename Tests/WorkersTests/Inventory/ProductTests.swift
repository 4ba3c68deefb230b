import ConveyorTesting
import Fixtures
import Postgres
import Shop
import Testing

@testable import Conveyor
@testable import Inventory

@Suite struct ProductTests {
    private func create(_ sku: String, category: ID? = nil, attempt: Int = 1) -> Sent {
        Sent(CreateProduct(sku: sku, name: "Notebook", unitAmount: 1999, stockQuantity: 3, categoryID: category), attempt: attempt)
    }

    @Test func `a product is created with its stock, its images and the shop's currency`() async throws {
        try await withBench { bench in
            let images = ["https://shop.example/a.jpg", "https://shop.example/b,(c);%22.jpg"]
            let made = Sent(
                CreateProduct(sku: "NB-1", name: "Notebook", description: "Ruled.", unitAmount: 1999, stockQuantity: 3, images: images))
            let reply = try await bench.handle(made)
            #expect(reply.emitted == ["catalog.changed"])
            #expect(reply.first(CatalogChanged.self)?.productIDs == [made.id])
            let row = try await bench.owner.query(
                "select sku, name, description, unit_amount, currency, stock_quantity, is_active, images from products where id = $1", made.id)[0]
            #expect(
                [try row[0, as: String.self], try row[1, as: String.self], try row[2, as: String.self], try row[4, as: String.self]]
                    == ["NB-1", "Notebook", "Ruled.", "usd"])
            #expect(try row[3, as: Int64.self] == 1999)
            #expect(try row[5, as: Int32.self] == 3)
            #expect(try row[6, as: Bool.self])
            #expect(try row[7, as: [String].self] == images)
            #expect(try await bench.database.psql("select kind, delta from stock_movements") == [["initial", "3"]])
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `a price is a valid amount in its currency, whichever of the two changes`() async throws {
        try await withBench { bench in
            func price(_ amount: Int64, _ currency: String?) -> Sent {
                Sent(CreateProduct(sku: "\(amount) \(currency ?? "")", name: "Notebook", unitAmount: amount, currency: currency))
            }
            for (amount, currency) in [(2000, "xyz"), (150_050, "isk"), (500_001, "ugx"), (1234, "kwd")] as [(Int64, String)] {
                #expect(try await bench.handle(price(amount, currency)).problem?.code == .invalid, "\(amount) \(currency)")
            }
            let made = price(1230, "kwd")
            let reply = try await bench.handle(made)
            #expect(reply.problem == nil)
            #expect(try await bench.handle(UpdateProduct(productID: made.id, unitAmount: 1234)).problem?.errors?.first?.field == "unit_amount")
            #expect(try await bench.handle(UpdateProduct(productID: made.id, currency: "isk")).problem?.errors?.first?.field == "unit_amount")
            #expect(try await bench.handle(UpdateProduct(productID: made.id, currency: "xyz")).problem?.errors?.first?.field == "currency")
            #expect(try await bench.handle(UpdateProduct(productID: made.id, unitAmount: 1234, currency: "usd")).problem == nil)
            #expect(try await bench.database.psql("select unit_amount, currency from products") == [["1234", "usd"]])
        }
    }

    @Test func `a product without stock has no ledger entry`() async throws {
        try await withBench { bench in
            _ = try await bench.product(stock: 0)
            #expect(try await bench.count("select count(*) from stock_movements") == 0)
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `a sku is unique, in a batch and concurrently`() async throws {
        try await withBench(connections: 8) { bench in
            let replies = try await bench.take([self.create("A"), self.create("A"), self.create("B")]).map { try $0.reply }
            #expect(replies.map { $0.problem?.code } == [nil, .skuTaken, nil])
            let outcomes = try await withThrowingTaskGroup(of: Problem.Code?.self) { group in
                for _ in 0..<16 { group.addTask { try await bench.handle(self.create("C")).problem?.code } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.filter { $0 == nil }.count == 1)
            #expect(outcomes.filter { $0 == .skuTaken }.count == 15)
            #expect(try await bench.count("select count(*) from products") == 3)
        }
    }

    @Test func `a change to another product's sku is refused, and harms no other message of the batch`() async throws {
        try await withBench { bench in
            let (a, b, c) = (self.create("A"), self.create("B"), self.create("C"))
            _ = try await bench.take([a, b, c])
            let replies = try await bench.take([
                Sent(UpdateProduct(productID: a.id, sku: "B")), Sent(UpdateProduct(productID: c.id, name: "Sketchbook")),
                Sent(UpdateProduct(productID: b.id, sku: "D")),
            ]).map { try $0.reply }
            #expect(replies.map { $0.problem?.code } == [.skuTaken, nil, nil])
            #expect(
                try await bench.database.psql("select sku, name from products order by sku") == [
                    ["A", "Notebook"], ["C", "Sketchbook"], ["D", "Notebook"],
                ])
        }
    }

    @Test func `a change keeps the other fields, and orders keep their prices`() async throws {
        try await withBench { bench in
            let product = self.create("A")
            try await bench.handle(product)
            try await bench.handle(UpdateProduct(productID: product.id, unitAmount: 5, images: ["https://x.example/a.png"], lowStockThreshold: 2))
            try await bench.handle(UpdateProduct(productID: product.id, name: "Sketchbook", currency: "eur"))
            #expect(
                try await bench.database.psql("select sku, name, unit_amount, currency, images, low_stock_threshold, stock_quantity from products")
                    == [["A", "Sketchbook", "5", "eur", "{https://x.example/a.png}", "2", "3"]])
        }
    }

    @Test func `of several commands for a field from one ingress the newest wins, in any order`() async throws {
        try await withBench { bench in
            let product = try await bench.product()
            let commands = [
                Sent(UpdateProduct(productID: product, name: "first", unitAmount: 1), sentAt: 1),
                Sent(UpdateProduct(productID: product, name: "second"), sentAt: 2),
                Sent(UpdateProduct(productID: product, unitAmount: 3), sentAt: 3),
                Sent(UpdateProduct(productID: product, isActive: false), sentAt: 3),
                Sent(UpdateProduct(productID: product, isActive: true), sentAt: 4),
                Sent(UpdateProduct(productID: product, stockQuantity: 50), sentAt: 5),
                Sent(UpdateProduct(productID: product, stockQuantity: 60), sentAt: 6),
            ]
            for round in 0..<10 {
                // As if no change had been made yet.
                try await bench.owner.query("update products set changed = null, stock_changed = null where id = $1", product)
                if round.isMultiple(of: 2) {
                    _ = try await bench.take(commands.map { Sent($0.payload, sentAt: $0.envelope.sentAt ?? 0) }.shuffled())
                } else {
                    for command in commands.shuffled() { try await bench.handle(Sent(command.payload, sentAt: command.envelope.sentAt ?? 0)) }
                }
                #expect(
                    try await bench.database.psql("select name, unit_amount, is_active, stock_quantity from products") == [
                        ["second", "3", "t", "60"]
                    ])
            }
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `an archived product is not sold, and returns by a newer command`() async throws {
        try await withBench { bench in
            let product = try await bench.product()
            #expect(try await bench.handle(Sent(ArchiveProduct(productID: product), sentAt: 10)).emitted == ["catalog.changed"])
            #expect(try await bench.handle(Sent(UpdateProduct(productID: product, isActive: true), sentAt: 5)).problem == .superseded)
            #expect(try await bench.database.value("select is_active from products") == "f")
            try await bench.handle(Sent(UpdateProduct(productID: product, isActive: true), sentAt: 15))
            #expect(try await bench.database.value("select is_active from products") == "t")
            #expect(try await bench.handle(ArchiveProduct(productID: .new())).problem?.code == .notFound)
            #expect(try await bench.handle(UpdateProduct(productID: .new(), name: "x")).problem?.code == .notFound)
        }
    }

    @Test func `an unknown category is awaited for one attempt, then refused`() async throws {
        try await withBench { bench in
            let category = ID.new()
            let product = self.create("A", category: category)
            guard case .retried = try await bench.take([product])[0] else {
                Issue.record("it was not waited for")
                return
            }
            let refused = try await bench.handle(self.create("A", category: category, attempt: 2)).problem
            #expect(refused?.code == .invalid)
            #expect(refused?.errors?.map(\.field) == ["category_id"])
            try await bench.handle(Sent(CreateCategory(name: "Notebooks"), id: category))
            #expect(try await bench.handle(product).problem == nil)
            #expect(try await bench.handle(UpdateProduct(productID: product.id, clearsCategory: true)).problem == nil)
            #expect(try await bench.database.value("select category_id is null from products") == "t")
        }
    }

    @Test func `a value out of range is refused with its field`() async throws {
        try await withBench { bench in
            let product = try await bench.product()
            func fields(_ payload: any Message) async throws -> [String]? {
                let problem = try await bench.handle(payload).problem
                #expect(problem?.code == .invalid)
                return problem?.errors?.map(\.field)
            }
            #expect(try await fields(CreateProduct(sku: "A", name: "a", unitAmount: -1)) == ["unit_amount"])
            #expect(try await fields(CreateProduct(sku: "A", name: "a", unitAmount: 1_000_000_000_001)) == ["unit_amount"])
            #expect(try await fields(CreateProduct(sku: "A", name: "a", unitAmount: 1, stockQuantity: -1)) == ["stock_quantity"])
            #expect(try await fields(CreateProduct(sku: "A", name: "a", unitAmount: 1, stockQuantity: 1 << 31)) == ["stock_quantity"])
            #expect(try await fields(UpdateProduct(productID: product, unitAmount: .max)) == ["unit_amount"])
            #expect(try await fields(UpdateProduct(productID: product, lowStockThreshold: -1)) == ["low_stock_threshold"])
            #expect(try await fields(UpdateProduct(productID: product, stockQuantity: -1)) == ["stock_quantity"])
            #expect(try await fields(CreateProduct(sku: "A ", name: " \n", unitAmount: 1, currency: "xyz")) == ["sku", "name", "currency"])
            #expect(try await fields(UpdateProduct(productID: product, images: ["https://x/\"><script>"])) == ["images"])
            #expect(try await bench.count("select count(*) from products") == 1)
        }
    }
}
