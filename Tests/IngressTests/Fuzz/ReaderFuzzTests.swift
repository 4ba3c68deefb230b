import Conveyor
import Fixtures
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Shop
import Testing
import Transfer

@testable import Ingress

/// The parsers of external input alone: many inputs in little time.
@Suite struct ReaderFuzzTests {
    @Test func `any text is parsed as a cursor or rejected`() async throws {
        try await Fuzz.run("cursors", 50_000) { fuzz in
            let key = fuzz.pick(["", "c", "p", "P", "r", "n"]) + fuzz.pick(Fuzz.integers + Fuzz.texts)
            var bytes = fuzz.bytes(16...16) + Array(key.utf8)
            if fuzz.chance(0.5) { bytes = fuzz.broken(bytes) }
            let text = fuzz.chance(0.2) ? String(decoding: fuzz.broken(Array(Base64URL.encode(bytes).utf8)), as: UTF8.self) : Base64URL.encode(bytes)
            guard let cursor = Cursor(text) else { return }
            #expect(Cursor(cursor.text) == cursor)
            do throws(Problem) {
                // A parsed time can be written and parsed again; in the year 9999 a Date is exact to 31 µs.
                let time = try cursor.time()
                let again = try Cursor(time, cursor.id).time()
                #expect(abs(again.timeIntervalSince(time)) < 0.0001)
            } catch {
                #expect(error.code == .badCursor)
            }
        }
    }

    @Test func `any query is parsed or rejected`() async throws {
        try await Fuzz.run("queries", 5_000) { fuzz in
            let pairs = (0..<fuzz.pick([1, 2, 5])).map { _ in
                let value =
                    fuzz.chance(0.5)
                    ? Fuzz.escaped(fuzz.pick(Fuzz.texts)) : fuzz.pick(Fuzz.integers + ["%", "%f", "%ff", "+", "=", "1.0", "1.", ".0"])
                return fuzz.pick(["q", "min_price", "limit", "cursor", "sort", "in_stock", "wait"]) + "=" + value
            }
            let path = "/?" + pairs.joined(separator: "&")
            let request = Request(
                head: .init(method: .get, scheme: "http", authority: "x", path: path, headerFields: [:]), body: .init(buffer: .init()))
            do throws(Problem) {
                let query = try ProductQuery(Query(request))
                #expect(1...100 ~= query.limit)
                #expect(query.minPrice.map { 0...1_000_000_000_000 ~= $0 } ?? true)
            } catch {
                #expect([.badRequest, .invalid, .badCursor].contains(error.code))
            }
        }
    }

    @Test func `no unsigned header is accepted as a signature`() async throws {
        let signature = StripeSignature(secrets: ["whsec_a", "whsec_b"])
        try await Fuzz.run("webhook signatures", 5_000) { fuzz in
            let parts = (0..<fuzz.pick([0, 1, 2, 3, 20])).map { _ in
                let name = fuzz.pick(["t", "v1", "v0", "", " t", "T", "v1 "])
                let value = fuzz.pick(
                    Fuzz.integers + Fuzz.texts + [String(repeating: "0", count: 64), String(repeating: "é", count: 32), "1795647392"])
                return fuzz.chance(0.9) ? "\(name)=\(value)" : value
            }
            let header = String(
                decoding: fuzz.chance(0.3) ? fuzz.broken(Array(parts.joined(separator: ",").utf8)) : Array(parts.joined(separator: ",").utf8),
                as: UTF8.self)
            do throws(Problem) {
                let claim = try StripeSignature.claim(header, now: fuzz.pick([0, 1_795_647_392, .max, .min]))
                try signature.verify(claim, of: fuzz.bytes(0...40))
                Issue.record("taken: \(header)")
            } catch {
                #expect(error.code == .badSignature)
            }
        }
    }

    @Test func `JSON is parsed within its limits or rejected`() async throws {
        try await Fuzz.run("JSON texts", 5_000) { fuzz in
            var text = fuzz.json()
            for _ in 0..<fuzz.pick([0, 1, 3]) { text = fuzz.pick(["[\(text)]", "{\"a\":\(text)}", "[\(text),\(fuzz.json())]", " \(text)\n"]) }
            let bytes = fuzz.chance(0.3) ? fuzz.broken(Array(text.utf8)) : Array(text.utf8)
            do {
                let body = try JSONElement(bytes, within: .init(values: 20_000, depth: 64))
                let fields = Fields(body, path: "", findings: .init())
                _ = (fields.optional("a", .sku), fields.optional("a", .unitAmount), fields.optionalID("a"), fields.optionalList("a", upTo: 3, .image))
                #expect(!fields.findings.errors.isEmpty || String(decoding: bytes, as: UTF8.self).contains("{"))
            } catch is DecodingError {
            } catch is Conveyor.JSON.Limits.Exceeded {
            }
        }
    }

    @Test func `every accepted address can be used in an e-mail`() async throws {
        let parts = Fuzz.texts.filter { $0.utf8.count < 100 } + ["a", "b", ".", "@", "-", "x.example", "@shop.example", "ada", "é", "用户"]
        try await Fuzz.run("addresses", 50_000) { fuzz in
            let text = (0..<fuzz.pick([2, 3, 4, 6])).map { _ in fuzz.pick(parts) }.joined()
            guard let address = try? Rule.email.read(text) else { return }
            #expect(address == text)
            #expect(throws: Never.self) { try Mailbox(address) }
            // Nor does it differ in lower case.
            #expect(address.lowercased().unicodeScalars.count == address.unicodeScalars.count, "\(address)")
        }
    }
}
