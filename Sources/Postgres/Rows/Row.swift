/// One row of a result.
public struct Row: Sendable {
    let storage: RowStorage
    let index: Int

    /// The columns, in order.
    public var columns: [Rows.Column] { self.storage.columns }

    /// The value of the column at `column`, counted from 0. Throws `undecodable`.
    public subscript<Value: PostgresDecodable>(column: Int, as type: Value.Type = Value.self) -> Value {
        get throws(PostgresError) { try self.storage.value(row: self.index, column: column) }
    }

    /// The value of the first column that is called `name`. Throws `undecodable`, also if there is none.
    public subscript<Value: PostgresDecodable>(name: String, as type: Value.Type = Value.self) -> Value {
        get throws(PostgresError) {
            guard let column = self.columns.firstIndex(where: { $0.name == name }) else { throw .noColumn(name) }
            return try self.storage.value(row: self.index, column: column)
        }
    }

    /// Whether the column at `column` is NULL.
    public func isNull(_ column: Int) -> Bool { self.storage.isNull(row: self.index, column: column) }

    /// Reads the first columns: `let (id, total) = try row.decode((UUID, Int64).self)`.
    ///
    /// - Throws: `undecodable`, with the name of the column.
    public func decode<each Value: PostgresDecodable>(_: (repeat each Value).Type) throws(PostgresError) -> (repeat each Value) {
        var column = 0
        func next<Next: PostgresDecodable>(_: Next.Type) throws(PostgresError) -> Next {
            defer { column += 1 }
            return try self.storage.value(row: self.index, column: column)
        }
        return try (repeat next((each Value).self))
    }
}
