/// All values of a result in one buffer, with an index.
final class RowStorage: Sendable {
    struct Field: Sendable {
        var offset: UInt32
        /// In bytes; -1 for NULL.
        var length: Int32
    }

    let columns: [Rows.Column]
    let rowCount: Int
    /// The command tag, e.g. `INSERT 0 3`.
    let tag: String
    private let fields: [Field]
    private let bytes: [UInt8]

    init(columns: [Rows.Column], rowCount: Int, tag: String, fields: [Field], bytes: [UInt8]) {
        self.columns = columns
        self.rowCount = rowCount
        self.tag = tag
        self.fields = fields
        self.bytes = bytes
    }

    func isNull(row: Int, column: Int) -> Bool { self.fields[row * self.columns.count + column].length < 0 }

    func value<Value: PostgresDecodable>(row: Int, column: Int) throws(PostgresError) -> Value {
        guard self.columns.indices.contains(column) else { throw .noColumn("\(column)") }
        let field = self.fields[row * self.columns.count + column]
        do throws(DecodingFailure) {
            guard field.length >= 0 else {
                guard let null = Value.whenNull else { throw .null }
                return null
            }
            let start = Int(field.offset)
            let bytes = self.bytes
            let span = bytes.span
            // UInt8 has no padding, so every byte is initialised.
            let raw = unsafe span.bytes
            return try Value.decode(raw.extracting(start..<start + Int(field.length)), type: self.columns[column].type)
        } catch {
            throw .undecodable(self.columns[column], as: Value.self, error)
        }
    }
}

extension PostgresError {
    static func noColumn(_ name: String) -> PostgresError {
        var error = PostgresError(.undecodable, "the result has no column \(name)")
        error.column = name
        return error
    }

    static func undecodable(_ column: Rows.Column, as type: Any.Type, _ failure: DecodingFailure) -> PostgresError {
        let reason =
            switch failure {
            case .wrongType: "type \(column.type.rawValue) cannot be read as \(type)"
            case .null: "NULL, but \(type) is not Optional"
            case .outOfRange: "the value does not fit into \(type)"
            case .malformed: "not a value of \(type)"
            }
        var error = PostgresError(.undecodable, "column \(column.name): \(reason)")
        error.column = column.name
        return error
    }
}
