/// The key of a prepared statement: the same text can be prepared for different parameter types.
struct PreparedKey: Hashable {
    let statement: Statement
    let types: [UInt32]

    init(_ call: Call) {
        self.statement = call.statement
        self.types = call.parameters.types
    }

    func hash(into hasher: inout Hasher) { self.statement.hash(into: &hasher) }
}

/// A statement that the server has prepared.
struct PreparedStatement {
    let name: String
    /// The columns of its last result; the server refuses to run it once DDL has changed them.
    var columns: [Rows.Column]?
}
