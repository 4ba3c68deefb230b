/// The result of one statement: its rows in one buffer, decoded where they are read.
///
/// Independent of the connection, and cheap to pass on (one reference).
public struct Rows: Sendable, RandomAccessCollection {
    /// A column of a result.
    public struct Column: Sendable, Hashable {
        /// The name in the statement.
        public let name: String
        /// The column's type.
        public let type: PostgresType
    }

    let storage: RowStorage

    /// The columns, in order; empty for a statement that returns no rows.
    public var columns: [Column] { self.storage.columns }
    /// The number of rows that the statement inserted, updated, deleted or selected, from its command tag.
    public var affected: Int { self.storage.tag.split(separator: " ").last.flatMap { Int($0) } ?? 0 }

    /// Always 0.
    public var startIndex: Int { 0 }
    /// The number of rows.
    public var endIndex: Int { self.storage.rowCount }
    /// The row at `position`.
    public subscript(position: Int) -> Row {
        precondition(self.indices.contains(position), "row \(position) of \(self.count)")
        return Row(storage: self.storage, index: position)
    }

    /// Reads the first columns of all rows: `for (id, total) in try rows.decode((UUID, Int64).self)`.
    ///
    /// - Throws: `undecodable`, with the name of the column.
    public func decode<each Value: PostgresDecodable>(_: (repeat each Value).Type) throws(PostgresError) -> [(repeat each Value)] {
        var values: [(repeat each Value)] = []
        values.reserveCapacity(self.count)
        for row in self { values.append(try row.decode((repeat each Value).self)) }
        return values
    }

    /// Reads the first column of all rows.
    ///
    /// - Throws: `undecodable`, with the name of the column.
    public func decode<Value: PostgresDecodable>(_: Value.Type) throws(PostgresError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(self.count)
        for row in self { values.append(try row[0, as: Value.self]) }
        return values
    }
}
