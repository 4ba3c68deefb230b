import CPostgres

/// The owner of one `PGresult`; everything the client needs is copied out of it.
@safe
struct ResultHandle: ~Copyable {
    /// `PQresultStatus`, reduced to the cases that this client meets.
    enum Status {
        case rows, done, failed, aborted, synced, unexpected
    }

    private let raw: OpaquePointer

    init(_ raw: OpaquePointer) { unsafe self.raw = raw }
    deinit { unsafe PQclear(self.raw) }

    borrowing func status() -> Status {
        switch unsafe PQresultStatus(self.raw) {
        case PGRES_TUPLES_OK: .rows
        case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: .done
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE: .failed
        case PGRES_PIPELINE_ABORTED: .aborted
        case PGRES_PIPELINE_SYNC: .synced
        default: .unexpected
        }
    }

    /// The names and types of the columns.
    borrowing func columns() -> [Rows.Column] {
        unsafe (0..<PQnfields(self.raw)).map { index in
            unsafe Rows.Column(
                name: PQfname(self.raw, index).map { unsafe String(cString: $0) } ?? "",
                type: PostgresType(rawValue: PQftype(self.raw, index)))
        }
    }

    /// Copies all values into one buffer.
    borrowing func rows(columns: [Rows.Column]) throws(PostgresError) -> Rows {
        let tag = unsafe String(cString: PQcmdStatus(self.raw))
        let rowCount = unsafe Int(PQntuples(self.raw))
        let width = columns.count
        guard rowCount > 0 && width > 0 else {
            return Rows(storage: RowStorage(columns: columns, rowCount: rowCount, tag: tag, fields: [], bytes: []))
        }
        var total = 0
        let fields = unsafe [RowStorage.Field](unsafeUninitializedCapacity: rowCount * width) { fields, count in
            for row in 0..<CInt(rowCount) {
                for column in 0..<CInt(width) {
                    let length = unsafe PQgetisnull(self.raw, row, column) == 1 ? -1 : PQgetlength(self.raw, row, column)
                    unsafe fields.initializeElement(at: count, to: RowStorage.Field(offset: UInt32(truncatingIfNeeded: total), length: length))
                    count += 1
                    total += Int(Swift.max(length, 0))
                }
            }
        }
        guard total <= UInt32.max else { throw PostgresError(.invalidCall, "a result of \(total) bytes; at most 4 GiB can be read at once") }
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: total) { bytes, count in
            guard let start = bytes.baseAddress else { return }
            var field = 0
            for row in 0..<CInt(rowCount) {
                for column in 0..<CInt(width) {
                    let length = Int(fields[field].length)
                    field += 1
                    guard length > 0, let value = unsafe PQgetvalue(self.raw, row, column) else { continue }
                    unsafe UnsafeMutableRawPointer(start + count).copyMemory(from: value, byteCount: length)
                    count += length
                }
            }
        }
        return Rows(storage: RowStorage(columns: columns, rowCount: rowCount, tag: tag, fields: fields, bytes: bytes))
    }

    /// The server's error. An error without a code comes from libpq and always concerns the connection.
    borrowing func error() -> PostgresError {
        let state = self.field(cpostgres_sqlstate).map(SQLState.init(rawValue:))
        guard let state else {
            return unsafe PostgresError(.connectionLost, String(cString: PQresultErrorMessage(self.raw)).oneLine, isConnectionLost: true)
        }
        var error = PostgresError(.server, self.field(cpostgres_message) ?? "", sqlState: state)
        // After FATAL or PANIC the server process ends.
        error.isConnectionLost = self.field(cpostgres_severity) != "ERROR"
        error.detail = self.field(cpostgres_detail)
        error.hint = self.field(cpostgres_hint)
        error.constraint = self.field(cpostgres_constraint)
        error.table = self.field(cpostgres_table)
        error.column = self.field(cpostgres_column)
        return error
    }

    private borrowing func field(_ code: Int) -> String? {
        unsafe PQresultErrorField(self.raw, CInt(code)).map { unsafe String(cString: $0) }
    }
}
