import CCurl

/// Owns one `CURLM *`: the running transfers of one thread, and their connections, which stay open.
@safe
struct MultiHandle: ~Copyable {
    /// Once per process, before any handle (curl_global_init(3)).
    private static let library: Void = {
        let code = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
        precondition(code == CURLE_OK, "libcurl cannot start: \(code.rawValue)")
    }()

    private let pointer: UnsafeMutableRawPointer

    /// - Parameter connectionsPerHost: further transfers wait for a connection; 0 for no limit.
    init(connectionsPerHost: Int) throws(TransferError) {
        Self.library
        guard let pointer = unsafe curl_multi_init() else { throw .outOfMemory }
        unsafe self.pointer = pointer
        unsafe ccurl_multi_set_long(pointer, CURLMOPT_MAX_HOST_CONNECTIONS, connectionsPerHost)
    }

    deinit { unsafe curl_multi_cleanup(self.pointer) }

    func add(_ easy: borrowing EasyHandle) -> CURLMcode { unsafe curl_multi_add_handle(self.pointer, easy.pointer) }

    /// Do not call it while the transfer has a connection: see ``CurlMulti/turn()``.
    func remove(_ easy: borrowing EasyHandle) { unsafe curl_multi_remove_handle(self.pointer, easy.pointer) }

    /// Transfers as much as the sockets allow; calls the callbacks.
    func perform() -> CURLMcode {
        var running: Int32 = 0
        return unsafe curl_multi_perform(self.pointer, &running)
    }

    /// The next finished transfer, by its ``EasyHandle/address``, and its result.
    func nextDone() -> (address: UInt, code: CURLcode)? {
        var code = CURLE_OK
        guard let easy = unsafe ccurl_next_done(self.pointer, &code) else { return nil }
        return (UInt(bitPattern: easy), code)
    }

    /// Sleeps until a socket is ready, one of libcurl's timers is due, or the descriptor is readable.
    func poll(orReadable descriptor: CInt) {
        var extra = curl_waitfd(fd: descriptor, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        unsafe curl_multi_poll(self.pointer, &extra, 1, 3_600_000, nil)
    }
}
