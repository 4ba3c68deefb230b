import CCurl

extension HTTPClient {
    /// The versions of libcurl and its TLS library in this process, e.g. `7.88.1` and `OpenSSL/3.0.15`.
    public static var libraryVersion: (curl: String, tls: String) {
        guard let info = unsafe curl_version_info(CURLVERSION_FIRST) else { return ("unknown", "unknown") }
        func text(_ pointer: UnsafePointer<CChar>?) -> String { unsafe pointer.map { unsafe String(cString: $0) } ?? "none" }
        return unsafe (text(info.pointee.version), text(info.pointee.ssl_version))
    }
}
