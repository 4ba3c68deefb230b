import Fixtures

/// An envelope as Sentry's documents describe it: a line of JSON, then items, each a line of JSON with a `length` and so many bytes.
struct SentryEnvelope {
    let head: Document
    let itemHead: Document
    let item: Document

    /// - Throws: it is not of that form, or has other than one item.
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
