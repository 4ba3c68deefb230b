import CPostgres
import Glibc
import Logging

/// The owner of one `PGconn`, which stays open, non-blocking and in pipeline mode for the owner's lifetime.
///
/// libpq's rule (manual 34.20): no two threads may use one `PGconn` at the same time. It lives in one actor, which is one thread.
@safe
struct ConnectionHandle: ~Copyable {
    private let raw: OpaquePointer
    private let notices: NoticeReceiver

    /// Connects; blocks for up to `connect_timeout` per host.
    ///
    /// Not `PQconnectPoll`: it leaves the timeout of each host to the caller, and only libpq can go on to its next host.
    init(_ settings: ConnectionSettings, logger: Logger) throws(PostgresError) {
        let raw = unsafe settings.parameters.withCStrings { keywords, values in unsafe PQconnectdbParams(keywords, values, 0) }
        guard let raw = unsafe raw else { throw PostgresError(.unreachable, "out of memory") }
        let isOpen = unsafe PQstatus(raw) == CONNECTION_OK && PQsetnonblocking(raw, 1) == 0 && PQenterPipelineMode(raw) == 1
        guard isOpen else {
            defer { unsafe PQfinish(raw) }
            throw unsafe PostgresError(.unreachable, settings.redacted(String(cString: PQerrorMessage(raw))), wasSent: false)
        }
        self.notices = NoticeReceiver(logger: logger)
        unsafe self.raw = raw
        unsafe self.notices.attach(raw)
    }

    deinit { unsafe PQfinish(self.raw) }

    /// The socket; it stays the same for the life of the connection.
    borrowing func descriptor() -> CInt { unsafe PQsocket(self.raw) }
    borrowing func isBroken() -> Bool { unsafe PQstatus(self.raw) != CONNECTION_OK }
    borrowing func errorMessage() -> String { unsafe String(cString: PQerrorMessage(self.raw)) }

    /// The status after the last answer that was read.
    borrowing func transactionStatus() -> TransactionStatus {
        switch unsafe PQtransactionStatus(self.raw) {
        case PQTRANS_IDLE: .idle
        case PQTRANS_INTRANS: .open
        case PQTRANS_INERROR: .failed
        default: .unknown
        }
    }

    /// A handle with which another thread can cancel the running query.
    borrowing func makeCancelHandle() -> CancelHandle? { unsafe PQgetCancel(self.raw).map { unsafe CancelHandle($0) } }

    // Each of these queues a message and returns false if the connection is broken.

    borrowing func sendPrepare(name: String, sql: String, types: [UInt32]) -> Bool {
        unsafe PQsendPrepare(self.raw, name, sql, CInt(types.count), types) == 1
    }

    borrowing func sendPrepared(name: String, _ parameters: ParameterBuffer) -> Bool {
        unsafe parameters.withPointers { unsafe PQsendQueryPrepared(self.raw, name, $0, $1, $2, $3, 1) } == 1
    }

    borrowing func sendOnce(sql: String, _ parameters: ParameterBuffer) -> Bool {
        unsafe parameters.withPointers { unsafe PQsendQueryParams(self.raw, sql, $0, parameters.types, $1, $2, $3, 1) } == 1
    }

    borrowing func sendSync() -> Bool { unsafe PQpipelineSync(self.raw) == 1 }

    /// Sends several statements in one text by the simple protocol; only outside pipeline mode.
    borrowing func sendScript(_ sql: String) -> Bool { unsafe PQsendQuery(self.raw, sql) == 1 }

    borrowing func setPipelineMode(_ on: Bool) -> Bool { unsafe (on ? PQenterPipelineMode(self.raw) : PQexitPipelineMode(self.raw)) == 1 }

    /// Writes the queued bytes. Returns whether some are left; nil if the connection is broken.
    borrowing func flush() -> Bool? {
        switch unsafe PQflush(self.raw) {
        case 0: false
        case 1: true
        default: nil
        }
    }

    /// Reads the bytes that have arrived; false if the connection is broken.
    borrowing func consumeInput() -> Bool { unsafe PQconsumeInput(self.raw) == 1 }

    /// Whether ``nextResult()`` would block.
    borrowing func isBusy() -> Bool { unsafe PQisBusy(self.raw) == 1 }

    /// The next result; nil after the last result of a statement.
    borrowing func nextResult() -> ResultHandle? {
        guard let result = unsafe PQgetResult(self.raw) else { return nil }
        return unsafe ResultHandle(result)
    }
}

/// `PQtransactionStatus`.
enum TransactionStatus: UInt8, Sendable {
    case idle, open, failed, unknown
}

extension [String: String] {
    /// Lends the keys and the values to `body` as two arrays that end with NULL.
    fileprivate func withCStrings<R>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> R
    ) -> R {
        let pairs = unsafe self.map { unsafe (strdup($0.key), strdup($0.value)) }
        defer {
            for index in unsafe pairs.indices {
                unsafe free(pairs[index].0)
                unsafe free(pairs[index].1)
            }
        }
        let keys = unsafe pairs.map { unsafe UnsafePointer($0.0) } + [nil]
        let values = unsafe pairs.map { unsafe UnsafePointer($0.1) } + [nil]
        return unsafe body(keys, values)
    }
}
