import CCurl

/// One transfer: its handle and the state of its callbacks. It never leaves the thread of its ``CurlMulti``.
///
/// Subclasses set the options of their protocol and receive the answer. No callback throws: it stores the failure and returns a short count.
class Exchange {
    /// No callback uses this handle directly: callbacks run within a call that holds its pointer.
    var easy: EasyHandle
    let cancellation = Cancellation()
    var continuation: CheckedContinuation<CURLcode, Never>?

    init(trust: TrustStore, connectTimeout: Duration, timeout: Duration) throws(TransferError) {
        self.easy = try EasyHandle()
        try self.easy.set(CURLOPT_NOSIGNAL, true)
        try self.easy.set(CURLOPT_QUICK_EXIT, true)  // a cancelled transfer does not wait for the resolver
        try self.easy.set(CURLOPT_CONNECTTIMEOUT_MS, connectTimeout)
        try self.easy.set(CURLOPT_TIMEOUT_MS, timeout)
        try self.easy.set(CURLOPT_TCP_KEEPALIVE, true)
        try self.easy.set(CURLOPT_PROXY, "")  // no environment variable may redirect a payment
        try self.easy.set(CURLOPT_SSL_VERIFYPEER, true)
        try self.easy.set(CURLOPT_SSL_VERIFYHOST, 2)
        try self.easy.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try trust.apply(to: self.easy)
        try self.setCallbacks()
    }

    /// Receives a header line, or a line of an SMTP reply, with its line end. `false` ends the transfer.
    func take(header line: UnsafeRawBufferPointer) -> Bool { true }

    /// Receives a part of the body. `false` ends the transfer.
    func take(body part: UnsafeRawBufferPointer) -> Bool { true }

    /// Whether a connection to this address, in its numeric form, may be opened.
    func mayConnect(to address: String) -> Bool { true }

    /// Fills the buffer with the next bytes to send; returns 0 at the end.
    func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int { 0 }

    /// Receives a command that libcurl sends, if the transfer is verbose.
    func note(command: UnsafeRawBufferPointer) {}

    /// Resumes the caller, once: this consumes the continuation.
    func finish(_ code: CURLcode) {
        self.continuation?.resume(returning: code)
        self.continuation = nil
    }
}

extension Exchange {
    private func setCallbacks() throws(TransferError) {
        // Not retained: ``CurlMulti`` retains the exchange for as long as libcurl may call.
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        for option in [CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_READDATA, CURLOPT_XFERINFODATA, CURLOPT_DEBUGDATA, CURLOPT_OPENSOCKETDATA] {
            unsafe try self.easy.set(option, context: context)
        }
        unsafe try self.easy.set(CURLOPT_WRITEFUNCTION) { bytes, _, count, context in
            unsafe of(context).take(body: UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
        }
        unsafe try self.easy.set(CURLOPT_HEADERFUNCTION) { bytes, _, count, context in
            unsafe of(context).take(header: UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
        }
        unsafe try self.easy.set(CURLOPT_READFUNCTION) { bytes, size, count, context in
            unsafe of(context).give(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
        }
        unsafe try self.easy.set(openSocket: { context, _, address in
            var text = [CChar](repeating: 0, count: 64)
            guard let address = unsafe address, unsafe ccurl_address_text(address, &text, text.count) != 0,
                unsafe of(context).mayConnect(to: String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
            else { return -1 }  // CURL_SOCKET_BAD
            return unsafe ccurl_open_socket(address)
        })
        try self.easy.set(CURLOPT_NOPROGRESS, false)
        unsafe try self.easy.set(progress: { context, _, _, _, _ in unsafe of(context).cancellation.isRequested ? 1 : 0 })
        unsafe try self.easy.set(debug: { _, kind, bytes, count, context in
            if kind == CURLINFO_HEADER_OUT { unsafe of(context).note(command: UnsafeRawBufferPointer(start: bytes, count: count)) }
            return 0
        })
    }
}

private func of(_ context: UnsafeMutableRawPointer?) -> Exchange {
    guard let context = unsafe context else { preconditionFailure("every callback's context is set where the callback is") }
    return unsafe Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
}
