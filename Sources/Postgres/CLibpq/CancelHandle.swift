import CPostgres

/// The owner of one `PGcancel`: the address and the secret with which a server process can be asked to cancel its query.
///
/// Sendable, since a `PGcancel` is never changed once it is made and `PQcancel` may be called from any thread (manual 34.7).
@safe
final class CancelHandle: @unchecked Sendable {
    private let raw: OpaquePointer

    init(_ raw: OpaquePointer) { unsafe self.raw = raw }
    deinit { unsafe PQfreeCancel(self.raw) }

    /// Sends the request on a separate connection and blocks until the server has closed it: then the signal has been sent. Before libpq 17
    /// this connection has neither TLS nor a timeout.
    func cancel() -> Bool {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
            unsafe PQcancel(self.raw, message.baseAddress, CInt(message.count)) == 1
        }
    }
}
