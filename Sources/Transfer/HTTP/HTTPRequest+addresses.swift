import CCurl
import Glibc
import Synchronization

extension HTTPRequest {
    /// The request, bound to the current addresses of its host, if it has a rule for addresses.
    /// - Throws: ``TransferError/Code/addressForbidden`` if one of them is not allowed. The lookup counts toward the request's time limit.
    func pinningAddresses() async throws(TransferError) -> HTTPRequest {
        guard let mayConnect else { return self }
        let began = ContinuousClock.now
        // Parsed by libcurl, so that both use the same host.
        guard let (host, port) = URLHost.read(self.url) else { throw TransferError(code: .malformedURL, message: "the URL has no host") }
        let addresses = try await Lookup.addresses(of: host, within: min(self.connectTimeout, self.timeout))
        guard addresses.allSatisfy(mayConnect) else { throw .forbidden }
        var request = self
        request.pinned = "\(host):\(port):" + addresses.map { $0.contains(":") ? "[\($0)]" : $0 }.joined(separator: ",")
        request.timeout = max(.milliseconds(1), self.timeout - (ContinuousClock.now - began))
        return request
    }
}

private enum URLHost {
    /// Host, without brackets, and port of a URL; nil if it has none.
    static func read(_ url: String) -> (host: String, port: String)? {
        guard !url.utf8.contains(0), let handle = unsafe curl_url() else { return nil }
        defer { unsafe curl_url_cleanup(handle) }
        guard unsafe curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK else { return nil }
        func part(_ part: CURLUPart) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            guard unsafe curl_url_get(handle, part, &text, UInt32(CURLU_DEFAULT_PORT)) == CURLUE_OK, let text = unsafe text else { return nil }
            defer { unsafe curl_free(text) }
            return unsafe String(cString: text)
        }
        guard var host = part(CURLUPART_HOST), let port = part(CURLUPART_PORT) else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        return (host, port)
    }
}

/// Resolves a name. The system's resolver blocks, for many seconds if no name server answers, so each lookup has its own thread, which is
/// abandoned when the request's time is over.
private final class Lookup: Sendable {
    private let host: String
    private let waiting: Mutex<CheckedContinuation<Result<[String], TransferError>, Never>?>

    private init(_ host: String, _ continuation: CheckedContinuation<Result<[String], TransferError>, Never>) {
        self.host = host
        self.waiting = Mutex(continuation)
    }

    /// All addresses of a host, in their numeric form.
    static func addresses(of host: String, within limit: Duration) async throws(TransferError) -> [String] {
        let timer = Mutex<Task<Void, Never>?>(nil)
        let result = await withCheckedContinuation { continuation in
            let lookup = Lookup(host, continuation)
            timer.withLock {
                $0 = Task {
                    do { try await Task.sleep(for: limit) } catch { return }
                    lookup.end(.failure(TransferError(code: .timedOut, message: "the name was not resolved in time")))
                }
            }
            lookup.start()
        }
        timer.withLock { $0?.cancel() }
        return try result.get()
    }

    private func end(_ result: Result<[String], TransferError>) {
        self.waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }?.resume(returning: result)
    }

    private func start() {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                let lookup = unsafe Unmanaged<Lookup>.fromOpaque(context).takeRetainedValue()
                lookup.end(lookup.look())
                return unsafe nil
            }, context)
        guard code == 0 else {
            unsafe Unmanaged<Lookup>.fromOpaque(context).release()
            return self.end(.failure(.outOfMemory))
        }
        pthread_detach(thread)
    }

    private func look() -> Result<[String], TransferError> {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(self.host, nil, &hints, &list)
        guard code == 0 else {
            return .failure(
                TransferError(
                    code: code == EAI_NONAME ? .unknownHost : .couldNotResolveHost,
                    message: "could not resolve the host: \(unsafe String(cString: gai_strerror(code)))"))
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [String] = []
        var next = unsafe list
        while let entry = unsafe next {
            var text = [CChar](repeating: 0, count: 64)
            if unsafe getnameinfo(entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 {
                addresses.append(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
            }
            unsafe next = entry.pointee.ai_next
        }
        guard !addresses.isEmpty else { return .failure(TransferError(code: .couldNotResolveHost, message: "the host has no address")) }
        return .success(addresses)
    }
}
