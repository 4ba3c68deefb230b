import Fixtures
import FoundationEssentials
import RabbitMQ
import Shop
import Testing

@testable import Conveyor

/// Envelopes with any properties that AMQP allows; seeded, so that a failure can be repeated. `CONVEYOR_FUZZ` sets the number of inputs (default: a few
/// thousand).
@Suite struct EnvelopeFuzzTests {
    static let count = ProcessInfo.processInfo.environment["CONVEYOR_FUZZ"].flatMap { Int($0) } ?? 5000

    private static let numbers: [Int64] = [
        .min, -9_223_372_036_854_775_807, -1_795_467_845_123, -1, 0, 1, 2, 127, 128, 255, 32_767, 32_768, 65_536, 2_147_483_647, 4_294_967_295,
        1_577_836_800, 1_795_467_845, 1_795_467_845_123, 1_795_467_845_123_456, 1_795_467_845_123_456_789, 9_223_372_036_854_775,
        9_223_372_036_854_776,
        9_223_372_036_854_775_806, .max,
    ]
    private static let names = [
        "actor", "attempt", "causation-id", "error", "error-type", "fingerprint", "first-failed-at", "last-failed-at", "replaces", "schema",
        "traceparent", "timestamp_in_ms", "x-death", "CC", "BCC", "x-delivery-count", "", "\0", "anything",
    ]

    private static func text(_ generator: inout Seeded) -> String {
        let id = "\(ID(high: generator.next(), low: generator.next()))"
        switch generator.next() % 12 {
        case 0: return ""
        case 1: return "\0"
        case 2: return "a\0b\u{202e}\r\n"
        case 3: return id
        case 4: return id.uppercased() + " "
        case 5: return String(repeating: "é", count: Int(generator.next() % 9000))
        case 6: return "e" + String(repeating: "\u{301}", count: Int(generator.next() % 5000))
        case 7: return "operator:" + String(repeating: "x", count: Int(generator.next() % 300))
        case 8: return "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        case 9: return String(generator.next(), radix: 16)
        case 10: return "\(Self.numbers[Int(generator.next() % UInt64(Self.numbers.count))])"
        default: return String(decoding: (0..<generator.next() % 40).map { _ in UInt8(truncatingIfNeeded: generator.next()) }, as: UTF8.self)
        }
    }

    private static func value(_ generator: inout Seeded, depth: Int = 0) -> HeaderValue {
        let number = Self.numbers[Int(generator.next() % UInt64(Self.numbers.count))]
        switch generator.next() % (depth < 3 ? 13 : 10) {
        case 0...2: return .int(number)
        case 3...5: return .string(Self.text(&generator))
        case 6: return .timestamp(number)
        case 7: return .bool(number > 0)
        case 8: return .bytes(Array(Self.text(&generator).utf8))
        case 9:
            let odd: [HeaderValue] = [.void, .double(.nan), .double(.infinity), .decimal(unscaled: .min, scale: 255)]
            return odd[Int(generator.next() % 4)]
        case 10: return .array((0..<generator.next() % 4).map { _ in Self.value(&generator, depth: depth + 1) })
        default:
            return .table(
                Dictionary(
                    (0..<generator.next() % 4).map { _ in (Self.text(&generator), Self.value(&generator, depth: depth + 1)) },
                    uniquingKeysWith: { $1 }))
        }
    }

    private static func properties(_ generator: inout Seeded) -> Properties {
        var properties = Properties()
        func some(_ value: String) -> String? { generator.next() % 4 == 0 ? nil : value }
        let ids = ["\(ID(high: generator.next(), low: generator.next()))", "\(ID.v7(milliseconds: generator.next() >> 16))", Self.text(&generator)]
        properties.messageID = ids[Int(generator.next() % 3)]
        properties.type = some(generator.next() % 4 == 0 ? Self.text(&generator) : "orders.place")
        properties.correlationID = some(ids[Int(generator.next() % 3)])
        properties.appID = some(Self.text(&generator))
        properties.timestamp = generator.next() % 3 == 0 ? nil : Self.numbers[Int(generator.next() % UInt64(Self.numbers.count))]
        for _ in 0..<generator.next() % 8 {
            properties.headers[Self.names[Int(generator.next() % UInt64(Self.names.count))]] = Self.value(&generator)
        }
        return properties
    }

    @Test func `any envelope is read or refused, and a read one can be stored, counted and published again`() throws {
        var generator = Seeded(seed: 4711)
        let now: Int64 = 1_795_467_900_000
        var (read, refused) = (0, 0)
        for _ in 0..<Self.count {
            let properties = Self.properties(&generator)
            let delivery = Delivery(
                deliveryTag: 1, epoch: 1, redelivered: false, deliveryCount: 0, exchange: "", routingKey: "", properties: properties, body: [])
            var envelope: Envelope
            do throws(Poison) {
                envelope = try Envelope(delivery, receivedAt: now)
            } catch {
                #expect([.undecodable, .unknownType].contains(error.errorType))
                refused += 1
                continue
            }
            read += 1
            // Stored in Postgres.
            let texts = [envelope.actor, envelope.traceparent, envelope.fingerprint, envelope.failure?.error, envelope.failure?.errorType]
            for case let text? in texts { #expect(!text.utf8.contains(0) && text.utf8.count <= 2000) }
            // Used in arithmetic.
            let times = [envelope.sentAt, envelope.failure?.firstAt, envelope.failure?.lastAt].compactMap(\.self)
            #expect(times.allSatisfy { (1_577_836_800_000...now + 86_400_000).contains($0) })
            #expect((1...Int(Int16.max)).contains(envelope.attempt) && (1...Int(Int32.max)).contains(envelope.schema))
            if envelope.attempt < Int(Int16.max) { envelope.attempt += 1 }
            _ = (envelope.isRoot, envelope.sentAt, SentryEvent.deadLetter(queue: "q", type: "t", errorType: "bug", error: "", envelope: envelope))
            // Published again: it is unchanged.
            let again = Delivery(
                deliveryTag: 1, epoch: 1, redelivered: false, deliveryCount: 0, exchange: "", routingKey: "",
                properties: envelope.properties(appID: "test"), body: [])
            #expect(try Envelope(again, receivedAt: now + 7) == envelope)
            let next = envelope.emitted(type: "order.placed", schema: 1, at: 3, sentAt: now)
            #expect(next.causationID == envelope.messageID)
            for form in [properties.forwarded, properties.forwarded.cut(to: 1024, headers: 32), properties.bare] {
                #expect(form.headers["x-death"] == nil && form.userID == nil)
            }
        }
        print("envelopes: \(read) read, \(refused) refused")
        #expect(read > 0 && refused > 0)
    }
}
