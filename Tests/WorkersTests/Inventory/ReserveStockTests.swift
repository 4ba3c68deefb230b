import Conveyor
import ConveyorTesting
import Fixtures
import Postgres
import Shop
import Testing

@testable import Inventory

@Suite struct ReserveStockTests {
    private func reserve(_ lines: [OrderLine], for order: ID = .new(), round: Int? = nil) -> Sent {
        Sent(ReserveStock(orderID: order, lines: lines, round: round))
    }

    @Test func `all lines are reserved, and the ledger names the order`() async throws {
        try await withBench { bench in
            let (a, b, order) = (try await bench.product(stock: 10), try await bench.product(stock: 4), ID.new())
            let lines = [OrderLine(productID: a, quantity: 3), OrderLine(productID: b, quantity: 4)]
            let reply = try await bench.handle(self.reserve(lines, for: order))
            #expect(reply.emitted.first == "stock.reserved")
            #expect(reply.first(StockReserved.self)?.orderID == order)
            #expect(try await bench.stock(a) == 7)
            #expect(try await bench.stock(b) == 0)
            #expect(try await bench.reservation(of: order) == "held")
            #expect(
                try await bench.database.psql(
                    "select delta, stock_after from stock_movements where order_id = '\(order)' and kind = 'reservation' order by delta")
                    == [["-4", "0"], ["-3", "7"]])
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `one unavailable line refuses them all, and each shortage is reported`() async throws {
        try await withBench { bench in
            let (plenty, few, unknown, order) = (try await bench.product(stock: 10), try await bench.product(stock: 1), ID.new(), ID.new())
            let reply = try await bench.handle(
                self.reserve(
                    [OrderLine(productID: plenty, quantity: 10), OrderLine(productID: few, quantity: 2), OrderLine(productID: unknown, quantity: 1)],
                    for: order))
            let refused = try #require(reply.first(StockRefused.self))
            #expect(reply.emitted == ["stock.refused"])
            #expect(reply.problem == nil, "the answer is the event's, not the operation's end")
            #expect(refused.problem.code == .outOfStock)
            #expect(
                refused.problem.lines == [
                    .init(productID: few, requested: 2, available: 1), .init(productID: unknown, requested: 1, available: 0),
                ])
            #expect(try await bench.stock(plenty) == 10)
            #expect(try await bench.reservation(of: order) == "refused")
            #expect(try await bench.count("select count(*) from stock_movements where kind <> 'initial'") == 0)
        }
    }

    @Test func `a batch is served in order, and no stock goes below zero`() async throws {
        try await withBench { bench in
            let product = try await bench.product(stock: 5)
            let batch = [3, 3, 2, 1].map { self.reserve([OrderLine(productID: product, quantity: $0)]) }
            let replies = try await bench.take(batch).map { try $0.reply }
            #expect(replies.map { $0.emitted[0] } == ["stock.reserved", "stock.refused", "stock.reserved", "stock.refused"])
            #expect(replies[1].first(StockRefused.self)?.problem.lines?.first?.available == 2)
            #expect(try await bench.stock(product) == 0)
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `a repeated reservation gets the same answer and takes nothing more`() async throws {
        try await withBench { bench in
            let (product, held, refused) = (try await bench.product(stock: 5), ID.new(), ID.new())
            let lines = [OrderLine(productID: product, quantity: 4)]
            for _ in 0..<3 {
                #expect(try await bench.handle(self.reserve(lines, for: held)).emitted.first == "stock.reserved")
                #expect(try await bench.handle(self.reserve(lines, for: refused)).emitted == ["stock.refused"])
            }
            // Twice in one batch, for a new order.
            let fresh = ID.new()
            let one = [OrderLine(productID: product, quantity: 1)]
            let replies = try await bench.take([self.reserve(one, for: fresh), self.reserve(one, for: fresh)]).map { try $0.reply }
            #expect(replies.map { $0.emitted.first } == ["stock.reserved", "stock.reserved"])
            #expect(try await bench.stock(product) == 0)
            #expect(try await bench.imbalances() == [])
            // Later stock does not change a given answer.
            try await bench.handle(AdjustStock(productID: product, delta: 100, reason: "delivery"))
            #expect(try await bench.handle(self.reserve(lines, for: refused)).emitted == ["stock.refused"])
            #expect(try await bench.stock(product) == 100)
        }
    }

    @Test func `a release before the reservation leaves nothing to reserve`() async throws {
        try await withBench { bench in
            let (product, order) = (try await bench.product(stock: 5), ID.new())
            #expect(try await bench.handle(ReleaseStock(orderID: order, reason: "cancelled")).emits.isEmpty)
            let reply = try await bench.handle(self.reserve([OrderLine(productID: product, quantity: 1)], for: order))
            #expect(reply.emitted == ["stock.refused"])
            #expect(try await bench.stock(product) == 5)
            #expect(try await bench.reservation(of: order) == "released")
        }
    }

    @Test func `reserved or sold stock is released once`() async throws {
        try await withBench { bench in
            let product = try await bench.product(stock: 5)
            for isSold in [false, true] {
                let order = ID.new()
                try await bench.handle(self.reserve([OrderLine(productID: product, quantity: 2)], for: order))
                if isSold { try await bench.handle(Sent(OrderPaid(orderID: order), queue: "inventory")) }
                #expect(try await bench.reservation(of: order) == (isSold ? "sold" : "held"))
                #expect(try await bench.stock(product) == 3)
                let replies = try await bench.take([
                    Sent(ReleaseStock(orderID: order, reason: "cancelled")), Sent(ReleaseStock(orderID: order, reason: "cancelled")),
                ]).map { try $0.reply }
                #expect(replies.map(\.emitted) == [["stock.released"], []])
                #expect(try await bench.handle(ReleaseStock(orderID: order, reason: "expired")).emits.isEmpty)
                #expect(try await bench.stock(product) == 5)
                // Released stock is not sold by a late message.
                try await bench.handle(Sent(OrderPaid(orderID: order), queue: "inventory"))
                #expect(try await bench.reservation(of: order) == "released")
                #expect(try await bench.imbalances() == [])
            }
        }
    }

    @Test func `the second round is a new request`() async throws {
        try await withBench { bench in
            let (product, order) = (try await bench.product(stock: 5), ID.new())
            let lines = [OrderLine(productID: product, quantity: 5)]
            try await bench.handle(self.reserve(lines, for: order))
            try await bench.handle(ReleaseStock(orderID: order, reason: "expired"))
            let reply = try await bench.handle(self.reserve(lines, for: order, round: 2))
            #expect(reply.first(StockReserved.self)?.round == 2)
            #expect(try await bench.stock(product) == 0)
            // The first round is over: neither its release nor its reservation affects the second.
            #expect(try await bench.handle(ReleaseStock(orderID: order, reason: "expired")).emits.isEmpty)
            #expect(try await bench.handle(self.reserve(lines, for: order)).emits.isEmpty)
            #expect(try await bench.stock(product) == 0)
            #expect(try await bench.handle(ReleaseStock(orderID: order, reason: "cancelled", round: 2)).emitted == ["stock.released"])
            #expect(try await bench.stock(product) == 5)
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `stock still held for the first round counts for the second`() async throws {
        try await withBench { bench in
            let (product, order) = (try await bench.product(stock: 5), ID.new())
            let lines = [OrderLine(productID: product, quantity: 5)]
            try await bench.handle(self.reserve(lines, for: order))
            #expect(try await bench.handle(self.reserve(lines, for: order, round: 2)).emitted.first == "stock.reserved")
            #expect(try await bench.stock(product) == 0)
            #expect(try await bench.handle(ReleaseStock(orderID: order, reason: "expired")).emits.isEmpty)
            #expect(try await bench.stock(product) == 0)
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `with both rounds of an order in one batch, the second one decides`() async throws {
        try await withBench { bench in
            let product = try await bench.product(stock: 3)
            let lines = [OrderLine(productID: product, quantity: 5)]
            for _ in 0..<5 {
                let order = ID.new()
                _ = try await bench.take([self.reserve(lines, for: order), self.reserve(lines, for: order, round: 2)])
                #expect(try await bench.database.value("select round || state from reservations where order_id = '\(order)'") == "2refused")
            }
            // Reserved for the first, released for it, released for the second.
            let order = ID.new()
            try await bench.handle(self.reserve([OrderLine(productID: product, quantity: 3)], for: order))
            _ = try await bench.take([
                Sent(ReleaseStock(orderID: order, reason: "expired")), Sent(ReleaseStock(orderID: order, reason: "cancelled", round: 2)),
            ])
            #expect(try await bench.database.value("select round || state from reservations where order_id = '\(order)'") == "2released")
            #expect(try await bench.stock(product) == 3)
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `a reservation without lines, with a quantity of 0 or of a third round becomes a dead letter that names field, value and rule`()
        async throws
    {
        try await withBench { bench in
            let product = try await bench.product(stock: 5)
            let line = [OrderLine(productID: product, quantity: 1)]
            let batch = [
                self.reserve([]), self.reserve([OrderLine(productID: product, quantity: 0)]), self.reserve(line, round: 3),
                self.reserve([OrderLine(productID: product, quantity: .max), OrderLine(productID: product, quantity: .max)]), self.reserve(line),
            ]
            let outcomes = try await bench.take(batch)
            let errors = outcomes.dropLast().map { outcome -> String in
                if case .dead(.invalidPayload, let error) = outcome { error } else { "\(outcome)" }
            }
            #expect(
                errors == [
                    "order and order_id with lines are missing, one of them must be there",
                    "lines[0].quantity is 0, must be between 1 and 2147483647",
                    "round is 3, must be between 1 and 2", "lines[0].quantity is 9223372036854775807, must be between 1 and 1073741823",
                ])
            #expect(try outcomes[4].reply.emitted.first == "stock.reserved")
            #expect(try await bench.stock(product) == 4)
        }
    }

    @Test func `of 200 buyers for 10 units 10 are served, 190 are refused, and nothing is sold twice`() async throws {
        try await withBench(connections: 8) { bench in
            let product = try await bench.product(stock: 10)
            let buyers = (0..<200).map { _ in self.reserve([OrderLine(productID: product, quantity: 1)]) }
            let answers = try await withThrowingTaskGroup(of: [String].self) { group in
                var rest = buyers[...]
                while !rest.isEmpty {
                    let batch = Array(rest.prefix(Int.random(in: 1...16)))
                    rest = rest.dropFirst(batch.count)
                    group.addTask { try await bench.take(batch).map { try $0.reply.emitted[0] } }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(answers.filter { $0 == "stock.reserved" }.count == 10)
            #expect(answers.filter { $0 == "stock.refused" }.count == 190)
            #expect(try await bench.stock(product) == 0)
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `batches that contend for many products in any order reserve all or nothing, and never deadlock`() async throws {
        try await withBench(connections: 8) { bench in
            var products: [ID] = []
            for _ in 0..<12 { products.append(try await bench.product(stock: 60)) }
            let orders = (0..<400).map { _ in ID.new() }
            let batches = orders.map { order in
                self.reserve(
                    products.shuffled().prefix(Int.random(in: 1...5)).map { OrderLine(productID: $0, quantity: .random(in: 1...4)) }, for: order)
            }
            let answers = try await withThrowingTaskGroup(of: [(ID, Bool)].self) { group in
                for start in stride(from: 0, to: 400, by: 20) {
                    let batch = Array(batches[start..<start + 20])
                    group.addTask {
                        let outcomes = try await bench.take(batch)
                        return try zip(batch, outcomes).map { message, outcome in
                            let reply = try outcome.reply
                            return (try #require((message.payload as? ReserveStock)?.orderID), reply.emitted[0] == "stock.reserved")
                        }
                    }
                    // Some are released, after or before the reservation.
                    group.addTask {
                        let releases = orders[start..<start + 20].filter { _ in Bool.random() }.map {
                            Sent(ReleaseStock(orderID: $0, reason: "cancelled"))
                        }
                        if !releases.isEmpty { _ = try await bench.take(releases) }
                        return []
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(answers.count == 400)
            #expect(try await bench.imbalances() == [])
            for (order, isHeld) in answers {
                let state = try await bench.reservation(of: order)
                #expect(isHeld ? ["held", "released"].contains(state) : ["refused", "released"].contains(state))
            }
        }
    }
}
