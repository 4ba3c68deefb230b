import Crypto

/// A numbered SQL file of one or more statements, applied once and never changed afterwards.
public struct Migration: Sendable, Hashable {
    /// The file's name without its extension, e.g. `m0001_catalogue`; the order of the names is the order of application.
    public let name: String
    /// The file's content.
    public let sql: String

    /// A migration from a file's name and content.
    public init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }

    /// SHA-256 of the file, in hexadecimal.
    var checksum: String {
        SHA256.hash(data: Array(self.sql.utf8)).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
