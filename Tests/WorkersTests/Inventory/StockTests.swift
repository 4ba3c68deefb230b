import Conveyor
import ConveyorTesting
import Fixtures
import Postgres
import Shop
import Testing

@testable import Inventory

/// Adjustments, alerts, and the sum of the ledger.
@Suite struct StockTests {
    @Test func `a stock is changed by a difference or to a count, and the ledger records the reason`() async throws {
        try await withBench { bench in
            let product = try await bench.product(stock: 10)
            #expect(try await bench.handle(AdjustStock(productID: product, delta: 5, reason: "delivery")).problem == nil)
            #expect(try await bench.stock(product) == 15)
            #expect(try await bench.handle(AdjustStock(productID: product, delta: -15, reason: "broken")).problem == nil)
            #expect(try await bench.stock(product) == 0)
            let actor = try await bench.user(isSuperuser: true)
            try await bench.handle(Sent(AdjustStock(productID: product, set: 7, reason: "counted"), by: actor))
            #expect(try await bench.stock(product) == 7)
            #expect(
                try await bench.database.psql("select kind, delta, stock_after, reason from stock_movements order by id") == [
                    ["initial", "10", "10", nil], ["adjustment", "5", "15", "delivery"], ["adjustment", "-15", "0", "broken"],
                    ["adjustment", "7", "7", "counted"],
                ])
            #expect(try await bench.database.value("select actor from stock_movements where reason = 'counted'") == actor.description)
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `a stock stays between zero and the largest integer`() async throws {
        try await withBench { bench in
            let product = try await bench.product(stock: 10)
            let replies = try await bench.take([
                Sent(AdjustStock(productID: product, delta: -11, reason: "")), Sent(AdjustStock(productID: product, delta: .min, reason: "")),
                Sent(AdjustStock(productID: product, delta: .max, reason: "")), Sent(AdjustStock(productID: product, set: -1, reason: "")),
                Sent(AdjustStock(productID: product, set: .max, reason: "")), Sent(AdjustStock(productID: .new(), delta: 1, reason: "")),
                Sent(AdjustStock(productID: product, set: Int(Int32.max), reason: "")), Sent(AdjustStock(productID: product, delta: 1, reason: "")),
                Sent(AdjustStock(productID: product, delta: -Int(Int32.max), reason: "")),
            ]).map { try $0.reply }
            #expect(
                replies.map { $0.problem?.code } == [
                    .stockBelowZero, .stockBelowZero, .invalid, .stockBelowZero, .invalid, .notFound, nil, .invalid, nil,
                ])
            #expect(try await bench.stock(product) == 0)
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `an adjustment with neither or both of delta and set is refused`() async throws {
        try await withBench { bench in
            let product = try await bench.product(stock: 10)
            for command in [AdjustStock(productID: product, reason: ""), AdjustStock(productID: product, delta: 1, set: 1, reason: "")] {
                guard case .dead(.invalidPayload, _) = try await bench.take([Sent(command)])[0] else {
                    Issue.record("\(command)")
                    continue
                }
            }
        }
    }

    @Test func `of several counts the newest counts, and older ones are rejected`() async throws {
        try await withBench { bench in
            let product = try await bench.product(stock: 10)
            for time in [20, 10, 40, 30] as [Int64] {
                let reply = try await bench.handle(Sent(AdjustStock(productID: product, set: Int(time), reason: "counted"), sentAt: time))
                #expect(reply.problem == ([10, 30].contains(time) ? .superseded : nil))
            }
            #expect(try await bench.stock(product) == 40)
            // Units reserved since then stay reserved.
            try await bench.handle(ReserveStock(orderID: .new(), lines: [OrderLine(productID: product, quantity: 4)]))
            try await bench.handle(Sent(AdjustStock(productID: product, set: 35, reason: "counted"), sentAt: 35))
            #expect(try await bench.stock(product) == 36)
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `an alert is sent each time the stock falls to its threshold`() async throws {
        try await withBench { bench in
            let product = try await bench.product(stock: 8, threshold: 5)
            func take(_ units: Int) async throws -> [StockLow] {
                try await bench.handle(ReserveStock(orderID: .new(), lines: [OrderLine(productID: product, quantity: units)])).emits
                    .compactMap { $0 as? StockLow }
            }
            #expect(try await take(2).isEmpty)
            let alerts = try await take(1)
            #expect(alerts.map(\.stockQuantity) == [5])
            #expect(alerts.map(\.threshold) == [5])
            #expect(alerts.map(\.crossing) == [1])
            #expect(try await take(1).isEmpty, "it is below already")
            try await bench.handle(AdjustStock(productID: product, delta: 10, reason: "delivery"))
            #expect(try await take(12).map(\.crossing) == [2])
            #expect(try await bench.handle(AdjustStock(productID: product, set: 100, reason: "")).emits.isEmpty)
            #expect(try await bench.handle(AdjustStock(productID: product, set: 0, reason: "")).first(StockLow.self)?.crossing == 3)
        }
    }

    @Test func `in a batch only the message that crosses the threshold alerts`() async throws {
        try await withBench { bench in
            let (product, other) = (try await bench.product(stock: 10), try await bench.product(stock: 10, threshold: 0))
            let batch = (0..<10).map { _ in
                Sent(
                    ReserveStock(
                        orderID: .new(), lines: [OrderLine(productID: product, quantity: 1), OrderLine(productID: other, quantity: 1)]))
            }
            let alerts = try await bench.take(batch).map { try $0.reply.emits.compactMap { $0 as? StockLow }.map(\.stockQuantity) }
            // The shop's default threshold is 5; the other product's is 0.
            #expect(alerts == [[], [], [], [], [5], [], [], [], [], [0]])
        }
    }

    @Test func `any sequence of changes leaves a ledger that adds up`() async throws {
        try await withBench(connections: 6) { bench in
            var products: [ID] = []
            for _ in 0..<6 { products.append(try await bench.product(stock: .random(in: 0...30))) }
            let orders = (0..<60).map { _ in ID.new() }
            func batch() -> [Sent] {
                func line() -> OrderLine { OrderLine(productID: products.randomElement() ?? products[0], quantity: .random(in: 1...6)) }
                func order() -> ID { orders.randomElement() ?? orders[0] }
                func product() -> ID { products.randomElement() ?? products[0] }
                let count = 1...Int.random(in: 1...12)
                switch Int.random(in: 0..<6) {
                case 0, 1: return count.map { _ in Sent(ReserveStock(orderID: order(), lines: [line(), line()], round: .random() ? 2 : nil)) }
                case 2: return count.map { _ in Sent(ReleaseStock(orderID: order(), reason: "cancelled", round: .random() ? 2 : nil)) }
                case 3: return count.map { _ in Sent(OrderPaid(orderID: order()), queue: "inventory") }
                case 4:
                    return count.map { _ in
                        Bool.random()
                            ? Sent(AdjustStock(productID: product(), delta: .random(in: -9...9), reason: "counted"))
                            : Sent(AdjustStock(productID: product(), set: .random(in: 0...30), reason: "counted"))
                    }
                default: return count.map { _ in Sent(UpdateProduct(productID: product(), stockQuantity: .random(in: 0...30))) }
                }
            }
            for _ in 0..<10 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<12 {
                        let messages = batch()
                        group.addTask {
                            for outcome in try await bench.take(messages) { _ = try outcome.reply }
                            // Every message comes twice.
                            for outcome in try await bench.take(messages) {
                                guard case .known = outcome else {
                                    Issue.record("\(outcome)")
                                    continue
                                }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await bench.imbalances() == [])
            }
        }
    }
}
