import Dispatch
import Glibc

/// Whether something accepts connections at an address.
public enum TCPProbe {
    /// The failure; nil if it does.
    public static func failure(host: String, port: Int, timeout: Duration = .seconds(5)) async -> String? {
        // On a Dispatch thread, because name resolution blocks.
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: self.connect(host, port, timeout)) }
        }
    }

    private static func connect(_ host: String, _ port: Int, _ timeout: Duration) -> String? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else { return String(cString: gai_strerror(code)) }
        defer { freeaddrinfo(list) }
        var failure = "no address"
        var next = list
        while let address = next {
            guard let reason = self.connect(address.pointee, timeout) else { return nil }
            failure = reason
            next = address.pointee.ai_next
        }
        return failure
    }

    private static func connect(_ address: addrinfo, _ timeout: Duration) -> String? {
        let descriptor = socket(address.ai_family, address.ai_socktype | Int32(SOCK_NONBLOCK.rawValue), address.ai_protocol)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        defer { close(descriptor) }
        if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return nil }
        guard errno == EINPROGRESS else { return String(cString: strerror(errno)) }
        var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard Glibc.poll(&poll, 1, Int32(timeout.components.seconds * 1000)) > 0 else { return "no answer within \(timeout)" }
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length)
        return error == 0 ? nil : String(cString: strerror(error))
    }
}
