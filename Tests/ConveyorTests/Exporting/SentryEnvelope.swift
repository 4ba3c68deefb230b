import Fixtures

/// An envelope in the form of Sentry's documentation: a line of JSON, then items, each a line of JSON with a `length` and that number of bytes.
struct SentryEnvelope {
    let head: Document
    let itemHead: Document
    let item: Document

    /// - Throws: if it has another form, or not exactly one item.
    init(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        func line() throws -> ArraySlice<UInt8> {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { throw FixtureError("a line without an end") }
            defer { rest = rest[(end + 1)...] }
            return rest[..<end]
        }
        self.head = try Document(line())
        self.itemHead = try Document(line())
        guard let length = self.itemHead["length"]?.integer, length < rest.count, rest[rest.startIndex + length] == UInt8(ascii: "\n"),
            rest.count == length + 1
        else { throw FixtureError("an item of another length") }
        self.item = try Document(rest.prefix(length))
    }
}
