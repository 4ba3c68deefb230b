/// What identifies a prepared statement: the same text may be used with other types of parameters.
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
    /// Of its last result; the server refuses to run it once they would be others.
    var columns: [Rows.Column]?
}
