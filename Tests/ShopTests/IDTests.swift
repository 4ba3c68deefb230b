import Conveyor
import Shop
import Testing

struct IDTests {
    /// Ids of each created version, and the smallest and largest id.
    private static let ids = [
        ID(high: 0, low: 0), ID(high: .max, low: .max), ID.v7(milliseconds: 1_795_467_845_123), ID(high: 1, low: 2).derived("0"),
        ID(digest: [UInt8](0..<32)), ID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210),
    ]

    @Test(arguments: Self.ids)
    func `an id survives a round trip as text and bytes`(_ id: ID) {
        #expect(ID(id.description) == id)
        #expect(ID(id.description.uppercased()) == id)
        #expect(id.description == id.description.lowercased())
        #expect(id.bytes.count == 16)
        #expect(ID(bytes: id.bytes) == id)
        var appended: [UInt8] = [7]
        id.append(to: &appended)
        #expect(appended == [7] + id.bytes)
    }

    @Test func `the text follows RFC 9562`() {
        let id = ID(high: 0xf81d_4fae_7dec_11d0, low: 0xa765_00a0_c91e_6bf6)
        #expect(id.description == "f81d4fae-7dec-11d0-a765-00a0c91e6bf6")
        #expect(id.bytes == [0xf8, 0x1d, 0x4f, 0xae, 0x7d, 0xec, 0x11, 0xd0, 0xa7, 0x65, 0x00, 0xa0, 0xc9, 0x1e, 0x6b, 0xf6])
    }

    @Test(arguments: [
        "", "f81d4fae", "f81d4fae-7dec-11d0-a765-00a0c91e6bf", "f81d4fae-7dec-11d0-a765-00a0c91e6bf66", "f81d4fae7dec11d0a76500a0c91e6bf6",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bfg", "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}", "f81d4fae-7dec-11d0-a76500-a0c91e6bf6",
        " f81d4fae-7dec-11d0-a765-00a0c91e6bf", "f81d4fae-7dec-11d0-a765-00a0c91e6b\u{e9}", "f81d4fae-7dec-11d0-a765-+0a0c91e6bf6",
    ])
    func `any other text is not an id`(_ text: String) {
        #expect(ID(text) == nil)
    }

    @Test func `fewer than 16 bytes are not an id, of more the first 16 count`() {
        #expect(ID(bytes: [UInt8](0..<15)) == nil)
        #expect(ID(bytes: [UInt8](0..<20)) == ID(bytes: [UInt8](0..<16)))
    }

    @Test func `a random id has version 7 and contains its time`() {
        let id = ID.v7(milliseconds: 1_795_467_845_123)
        #expect(id.high >> 12 & 0xf == 7)
        #expect(id.low >> 62 == 0b10)
        #expect(id.milliseconds == 1_795_467_845_123)
        #expect(Set((0..<1000).map { _ in ID.v7(milliseconds: 1) }).count == 1000)
        #expect(ID.v7(milliseconds: 1) < ID.v7(milliseconds: 2))
    }

    @Test func `a derived id has version 5 and equals that of other libraries`() throws {
        // RFC 9562, appendix A.4: www.example.com in the namespace of DNS names.
        let namespace = try #require(ID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"))
        #expect(namespace.derived("www.example.com").description == "2ed6657d-e927-568b-95e1-2665a8aea6a2")
        #expect(namespace.derived("0") != namespace.derived("1"))
        #expect(namespace.derived("0").milliseconds == nil)
    }

    @Test func `an id made from a digest has version 8`() {
        let id = ID(digest: [UInt8](repeating: 0xff, count: 32))
        #expect(id.description == "ffffffff-ffff-8fff-bfff-ffffffffffff")
    }

    @Test func `ids are ordered by bytes, like their texts and in Postgres`() {
        var generator = SystemRandomNumberGenerator()
        let ids = (0..<500).map { _ in ID(high: generator.next(), low: generator.next()) } + Self.ids
        #expect(ids.sorted().map(\.description) == ids.map(\.description).sorted())
        #expect(ID(high: 1, low: .max) < ID(high: 2, low: 0))
    }
}
