/// SQL text with `$1`, `$2`, … that is prepared once per connection, at its first use, under a name derived from its text.
///
/// Keep statements that run often in a `static let`: the name is computed once. The types of the parameters come from the values
/// that are bound, so `$1` needs no cast.
public struct Statement: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The SQL text: one statement, no values in it.
    public let sql: String
    /// False for SQL that the program composes at run time in many shapes: the server parses it at each use and keeps nothing.
    public let isPrepared: Bool
    /// FNV-1a of the text: the same in every process, so that a statement keeps its name in the server's views.
    let fingerprint: UInt64

    /// A statement from text.
    public init(_ sql: String, prepared: Bool = true) {
        self.sql = sql
        self.isPrepared = prepared
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in sql.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        self.fingerprint = hash
    }

    /// A prepared statement from a literal.
    public init(stringLiteral sql: String) { self.init(sql) }

    /// The SQL text.
    public var description: String { self.sql }

    /// Hashes the fingerprint only; equality compares the texts.
    public func hash(into hasher: inout Hasher) { hasher.combine(self.fingerprint) }
}
