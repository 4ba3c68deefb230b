import Conveyor
@testable import Shop
import Testing

struct DirectJSONTests {
    private static let texts = ["", "x", "Ümlaut 🚚 \u{0}\u{1f}\u{7f}\"\\/\n\r\t\u{8}\u{c}", String(repeating: "long", count: 100)]
    private static let numbers: [Int64] = [.min, -1, 0, 9, 10, 255, .max]

    private static func address(_ text: String, isFull: Bool) -> Address {
        Address(
            name: text, line1: text, line2: isFull ? text : nil, city: text, state: isFull ? text : nil, postalCode: text, country: text,
            phone: isFull ? text : nil)
    }

    private static let placed: [ReserveStock] =
        [
            ReserveStock(orderID: ID(high: .max, low: .max), lines: []),
            ReserveStock(orderID: ID(high: 0, low: 0), lines: [OrderLine(productID: ID(high: 1, low: 2), quantity: .min)], round: .max),
        ]
        + Self.texts.flatMap { text in
            [true, false].map { isFull in
                ReserveStock(
                    order: PlaceOrder(
                        userID: ID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210),
                        items: Self.numbers.map { OrderLine(productID: ID(high: 3, low: UInt64(bitPattern: $0)), quantity: Int($0)) },
                        shippingAddress: Self.address(text, isFull: isFull), billingAddress: isFull ? Self.address(text, isFull: false) : nil))
            }
        }

    private static let reserved: [StockReserved] =
        [StockReserved(orderID: ID(high: 1, low: 1), round: 2)]
        + Self.texts.flatMap { text in
            Self.numbers.map { number in
                StockReserved(
                    orderID: ID(high: 7, low: 7),
                    order: PricedOrder(
                        userID: ID(high: 1, low: 9), currency: text, totalAmount: number,
                        items: [.init(productID: ID(high: 0, low: 5), quantity: Int(number), unitAmount: number, sku: text, name: text)],
                        shippingAddress: Self.address(text, isFull: true), billingAddress: Self.address(text, isFull: false)),
                    round: Int(number))
            }
        }

    @Test func `the messages of an order have the same bytes as by Codable, and are read back`() throws {
        func check<Payload: Message>(_ payloads: [Payload]) throws {
            for payload in payloads {
                let bytes = try JSON.encode(payload)
                #expect(try payload.encoded() == bytes)
                #expect(try JSON.encode(Payload.decoded(from: bytes)) == bytes)
            }
        }
        try check(Self.placed)
        try check(Self.reserved)
    }

    @Test(arguments: [
        #"{}"#, #"[]"#, #"7"#, #"null"#, #"{"order":null,"lines":null}"#, #"{"order":[]}"#, #"{"order":{}}"#, #"{"lines":{}}"#, #"{"lines":[7]}"#,
        #"{"order_id":7}"#, #"{"order_id":"x"}"#, #"{"order_id":"00000000-0000-0000-0000-00000000000A","round":16.0}"#,
        #"{"round":1e300}"#, #"{"round":"1"}"#, #"{"round":9223372036854775808}"#, #"{"round":1,"round":2,"unknown":{"a":[1]}}"#,
        #"{"lines":[{"product_id":"00000000-0000-0000-0000-000000000001"}]}"#,
        #"{"lines":[{"quantity":1.5,"product_id":"00000000-0000-0000-0000-000000000001"}]}"#,
        #"{"order":{"user_id":"00000000-0000-0000-0000-000000000001","items":[],"shipping_address":{"name":"a","line1":null}}}"#,
        #"{"order_id":"00000000-0000-0000-0000-000000000001","order":{"user_id":null}}"#, #"{"#, #""#, "\u{0}",
    ])
    func `other forms are read or explained as by Codable`(text: String) {
        func outcome<Payload: Message>(_ read: () throws -> Payload) -> Result<[UInt8], Failure> {
            do { return .success(try JSON.encode(read())) } catch { return .failure(Failure(text: JSON.explain(error))) }
        }
        let body = Array(text.utf8)
        #expect(outcome { try ReserveStock.decoded(from: body) } == outcome { try JSON.decode(ReserveStock.self, from: body) })
        #expect(outcome { try StockReserved.decoded(from: body) } == outcome { try JSON.decode(StockReserved.self, from: body) })
    }

    private struct Failure: Error, Equatable { var text: String }
}
