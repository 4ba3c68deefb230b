import CCurl

/// Owns one `CURL *` and the memory of its options, and frees them in libcurl's order: the handle first, then its lists.
///
/// libcurl's rule (libcurl-thread(3)): never use a handle in two threads at the same time. A handle is created, used and freed on the thread of
/// its ``CurlMulti``.
@safe
struct EasyHandle: ~Copyable {
    /// Only ``MultiHandle`` uses it.
    let pointer: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private var lists: [UnsafeMutablePointer<curl_slist>] = unsafe []

    init() throws(TransferError) {
        guard let pointer = unsafe curl_easy_init() else { throw .outOfMemory }
        unsafe self.pointer = pointer
        unsafe self.errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe self.errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        unsafe ccurl_set_pointer(self.pointer, CURLOPT_ERRORBUFFER, self.errorText)
    }

    deinit {
        unsafe curl_easy_cleanup(self.pointer)
        unsafe self.lists.forEach { unsafe curl_slist_free_all($0) }
        unsafe self.errorText.deallocate()
    }

    func set(_ option: CURLoption, _ value: Int) throws(TransferError) {
        unsafe try self.check(ccurl_set_long(self.pointer, option, value))
    }

    func set(_ option: CURLoption, _ value: Bool) throws(TransferError) { try self.set(option, value ? 1 : 0) }

    /// For options whose name ends in `_LARGE`.
    func set(_ option: CURLoption, large value: Int) throws(TransferError) {
        unsafe try self.check(ccurl_set_offset(self.pointer, option, curl_off_t(value)))
    }

    /// Milliseconds, for options whose name ends in `_MS`; at least one, since libcurl takes zero for "no limit".
    func set(_ option: CURLoption, _ value: Duration) throws(TransferError) {
        try self.set(option, Int(max(1, min(value / .milliseconds(1), 1e9)).rounded(.up)))
    }

    /// libcurl copies the text. It would cut it at a NUL, so such a text is refused.
    func set(_ option: CURLoption, _ value: String?) throws(TransferError) {
        guard let value else { return unsafe try self.check(ccurl_set_string(self.pointer, option, nil)) }
        guard !value.utf8.contains(0) else { throw TransferError(code: .invalidRequest, message: "a NUL in a text") }
        let code = unsafe value.withCString { unsafe ccurl_set_string(self.pointer, option, $0) }
        try self.check(code)
    }

    /// libcurl keeps a copy.
    func setBody(_ body: [UInt8]) throws(TransferError) {
        try self.set(CURLOPT_POSTFIELDSIZE_LARGE, large: body.count)
        let code = unsafe body.withUnsafeBytes {
            unsafe ccurl_set_string(self.pointer, CURLOPT_COPYPOSTFIELDS, $0.baseAddress?.assumingMemoryBound(to: CChar.self))
        }
        try self.check(code)
    }

    /// libcurl keeps a copy.
    func set(_ option: CURLoption, blob bytes: [UInt8]) throws(TransferError) {
        let code = unsafe bytes.withUnsafeBytes { unsafe ccurl_set_blob(self.pointer, option, $0.baseAddress, $0.count) }
        try self.check(code)
    }

    /// libcurl keeps the list's address; the list lives as long as this handle.
    mutating func set(_ option: CURLoption, list lines: [String]) throws(TransferError) {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = unsafe line.withCString({ unsafe curl_slist_append(list, $0) }) else {
                unsafe curl_slist_free_all(list)
                throw .outOfMemory
            }
            unsafe list = longer
        }
        guard let list = unsafe list else { return }
        unsafe self.lists.append(list)
        unsafe try self.check(ccurl_set_list(self.pointer, option, list))
    }

    func set(_ option: CURLoption, callback: @escaping curl_write_callback) throws(TransferError) {
        unsafe try self.check(ccurl_set_bytes_callback(self.pointer, option, callback))
    }

    func set(progress callback: @escaping curl_xferinfo_callback) throws(TransferError) {
        unsafe try self.check(ccurl_set_progress_callback(self.pointer, callback))
    }

    func set(debug callback: @escaping curl_debug_callback) throws(TransferError) {
        unsafe try self.check(ccurl_set_debug_callback(self.pointer, callback))
    }

    func set(openSocket callback: @escaping curl_opensocket_callback) throws(TransferError) {
        unsafe try self.check(ccurl_set_opensocket_callback(self.pointer, callback))
    }

    /// The pointer that libcurl passes to a callback.
    func set(_ option: CURLoption, context: UnsafeMutableRawPointer) throws(TransferError) {
        unsafe try self.check(ccurl_set_pointer(self.pointer, option, context))
    }

    /// Identifies the transfer for the lifetime of the handle.
    var address: UInt { unsafe UInt(bitPattern: self.pointer) }

    func get(_ info: CURLINFO) -> Int { unsafe ccurl_get_long(self.pointer, info) }

    /// libcurl's description of the failure: hosts, ports and system errors, never any sent content.
    func message(_ code: CURLcode) -> String {
        let text = unsafe String(cString: self.errorText)
        return unsafe text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
    }

    private func check(_ code: CURLcode) throws(TransferError) {
        guard code != CURLE_OK else { return }
        throw unsafe TransferError(code: .init(code), message: String(cString: curl_easy_strerror(code)))
    }
}
