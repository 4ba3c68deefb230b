import Conveyor
import Shop
import Testing

struct OrderLineTests {
    private static let (a, b, c) = (ID(high: 0, low: 1), ID(high: 0, low: 2), ID(high: 0, low: 3))

    @Test func `lines of one product are merged at its first position`() {
        let lines = [
            OrderLine(productID: Self.b, quantity: 1), OrderLine(productID: Self.a, quantity: 2), OrderLine(productID: Self.b, quantity: 3),
            OrderLine(productID: Self.c, quantity: 4), OrderLine(productID: Self.a, quantity: 5),
        ]
        #expect(
            lines.merged == [
                OrderLine(productID: Self.b, quantity: 4), OrderLine(productID: Self.a, quantity: 7), OrderLine(productID: Self.c, quantity: 4),
            ])
    }

    @Test func `merging loses no units, and merging again changes nothing`() {
        for _ in 0..<100 {
            let lines = (0..<Int.random(in: 0...30)).map { _ in
                OrderLine(productID: ID(high: 0, low: .random(in: 0..<6)), quantity: .random(in: 1...9))
            }
            let merged = lines.merged
            #expect(Set(merged.map(\.productID)).count == merged.count)
            #expect(merged.map(\.quantity).reduce(0, +) == lines.map(\.quantity).reduce(0, +))
            #expect(merged.merged == merged)
        }
    }
}
