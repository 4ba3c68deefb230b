import CCurl

/// A running request and the part of its answer that has arrived.
final class HTTPExchange: Exchange {
    private static let maximumHeadSize = 256 << 10

    private let maximumResponseSize: Int
    private var headers = HTTPHeaders()
    private var headSize = 0
    private var body: [UInt8] = []
    private var isTooLarge = false
    private let cutsResponse: Bool
    private var isCut = false
    private let mayConnect: (@Sendable (String) -> Bool)?
    private var isForbidden = false

    init(_ request: HTTPRequest, userAgent: String, trust: TrustStore) throws(TransferError) {
        self.maximumResponseSize = request.maximumResponseSize
        self.cutsResponse = request.cutsResponse
        self.mayConnect = request.mayConnect
        try super.init(trust: trust, connectTimeout: request.connectTimeout, timeout: request.timeout)
        try self.easy.set(CURLOPT_PROTOCOLS_STR, "http,https")
        try self.easy.set(CURLOPT_URL, request.url)
        try self.easy.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        try self.easy.set(CURLOPT_PIPEWAIT, true)  // a burst shares one HTTP/2 connection
        try self.easy.set(CURLOPT_USERAGENT, userAgent)
        if !request.cutsResponse { try self.easy.set(CURLOPT_MAXFILESIZE_LARGE, large: request.maximumResponseSize) }
        if let pinned = request.pinned { try self.easy.set(CURLOPT_RESOLVE, list: [pinned]) }
        // libcurl itself repeats a request only when a reused connection turns out to be dead.
        try self.easy.set(CURLOPT_FRESH_CONNECT, !request.isRepeatable)
        try self.set(request.method, body: request.body)
        try self.easy.set(CURLOPT_HTTPHEADER, list: try Self.lines(request))
    }

    private func set(_ method: HTTPMethod, body: [UInt8]?) throws(TransferError) {
        guard isToken(method.rawValue) else { throw TransferError(code: .invalidRequest, message: "the method is no token") }
        if method == .head {
            try self.easy.set(CURLOPT_NOBODY, true)
        } else if body != nil || [.post, .put, .patch].contains(method) {
            try self.easy.set(CURLOPT_POST, true)
            try self.easy.setBody(body ?? [])
        }
        if method != .head { try self.easy.set(CURLOPT_CUSTOMREQUEST, method.rawValue) }
    }

    /// In libcurl's form: `Name: value`, `Name;` for an empty value, `Name:` to omit a header that libcurl adds.
    private static func lines(_ request: HTTPRequest) throws(TransferError) -> [String] {
        var lines = ["Expect:"]  // no round trip before a large body
        if request.headers["Content-Type"] == nil { lines.append("Content-Type:") }
        for field in request.headers.fields {
            guard isToken(field.name), !field.value.utf8.contains(where: { $0 == 0x0D || $0 == 0x0A || $0 == 0 }) else {
                throw TransferError(code: .invalidRequest, message: "a header's name is no token, or its value has a line break")
            }
            lines.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        return lines
    }

    override func take(header line: UnsafeRawBufferPointer) -> Bool {
        self.headSize += line.count
        guard self.headSize <= Self.maximumHeadSize else { return self.refuseSize() }
        let line = unsafe line.prefix { $0 != 0x0D && $0 != 0x0A }
        if unsafe line.starts(with: "HTTP/".utf8) {
            self.headers = HTTPHeaders()  // the earlier ones belong to an interim answer
        } else if let colon = unsafe line.firstIndex(of: UInt8(ascii: ":")) {
            let value = unsafe line[line.index(after: colon)...].drop { isBlank($0) }
            let end = unsafe value.lastIndex { !isBlank($0) }.map { unsafe value.index(after: $0) } ?? value.startIndex
            unsafe self.headers.add(String(decoding: line[..<colon], as: UTF8.self), String(decoding: value[..<end], as: UTF8.self))
        }
        return true
    }

    override func take(body part: UnsafeRawBufferPointer) -> Bool {
        let room = self.maximumResponseSize - self.body.count
        guard part.count <= room else {
            guard self.cutsResponse else { return self.refuseSize() }
            unsafe self.body.append(contentsOf: part.prefix(room))
            self.isCut = true
            return false
        }
        unsafe self.body.append(contentsOf: part)
        return true
    }

    override func mayConnect(to address: String) -> Bool {
        guard let mayConnect, !mayConnect(address) else { return true }
        self.isForbidden = true
        return false
    }

    private func refuseSize() -> Bool {
        self.isTooLarge = true
        return false
    }

    /// The answer, or the failure.
    func response(_ code: CURLcode) throws(TransferError) -> HTTPResponse {
        guard code == CURLE_OK || self.isCut else { throw self.error(code) }
        return HTTPResponse(status: self.easy.get(CURLINFO_RESPONSE_CODE), headers: self.headers, body: self.body)
    }

    private func error(_ code: CURLcode) -> TransferError {
        let sent = self.easy.get(CURLINFO_REQUEST_SIZE) > 0
        if self.isTooLarge || code == CURLE_FILESIZE_EXCEEDED {
            return TransferError(code: .responseTooLarge, mayHaveBeenSent: sent, message: "the answer is longer than the request allows")
        }
        if self.isForbidden, !sent { return .forbidden }
        if code == CURLE_ABORTED_BY_CALLBACK { return TransferError(code: .cancelled, mayHaveBeenSent: sent, message: "cancelled") }
        return TransferError(code: .init(code), mayHaveBeenSent: sent, message: self.easy.message(code))
    }
}

/// RFC 9110, section 5.6.2.
private func isToken(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains($0) }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
