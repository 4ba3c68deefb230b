import Dispatch
import Glibc
import Synchronization

/// A server that treats its connections as a test says, byte by byte, in ways that a well-behaved server cannot.
final class RawServer: Sendable {
    let port: Int
    private let listener: Int32
    private let accepted = Mutex(0)

    /// The number of connections so far.
    var connections: Int { self.accepted.withLock { $0 } }

    /// - Parameter serve: receives each connection with its number, from 1, on its own thread; the connection is closed afterwards.
    init(_ serve: @escaping @Sendable (RawConnection, Int) -> Void) {
        self.listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        // Accepted connections inherit this buffer: a sender soon waits for them to read.
        var buffer: Int32 = 1 << 15
        setsockopt(self.listener, SOL_SOCKET, SO_RCVBUF, &buffer, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = self.listener
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        precondition(isListening, "no port of the loopback is free")
        self.port = Int(UInt16(bigEndian: address.sin_port))
        DispatchQueue(label: "raw server").async { [weak self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0, let number = self?.count() else { return }
                DispatchQueue(label: "raw connection").async {
                    serve(RawConnection(descriptor), number)
                    shutdown(descriptor, Int32(SHUT_RDWR))
                    close(descriptor)
                }
            }
        }
    }

    deinit {
        shutdown(self.listener, Int32(SHUT_RDWR))  // wakes the accept
        close(self.listener)
    }

    private func count() -> Int {
        self.accepted.withLock { count in
            count += 1
            return count
        }
    }
}

/// One connection of a ``RawServer``.
struct RawConnection {
    private let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    func write(_ text: String) { _ = send(self.descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }

    /// Reads up to and including this text; less if the client closes first.
    @discardableResult
    func read(until end: String) -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while !bytes.reversed().starts(with: end.utf8.reversed()), self.receive(&byte, 1) == 1 { bytes.append(byte) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `recv`, repeated after a signal that another test of the process has sent.
    private func receive(_ buffer: UnsafeMutableRawPointer, _ count: Int, _ flags: Int32 = 0) -> Int {
        while true {
            let received = recv(self.descriptor, buffer, count, flags)
            if received >= 0 || errno != EINTR { return received }
        }
    }

    /// Reads a request with its body, if it has a length.
    @discardableResult
    func readRequest() -> String {
        let head = self.read(until: "\r\n\r\n")
        guard let length = head.firstMatch(of: #/(?i)content-length: (\d+)/#).flatMap({ Int($0.1) }), length > 0 else { return head }
        var body = [UInt8](repeating: 0, count: length)
        let count = self.receive(&body, length, Int32(MSG_WAITALL))
        return head + String(decoding: body.prefix(max(0, count)), as: UTF8.self)
    }

    /// Reads until the client closes, and returns everything.
    @discardableResult
    func readToEnd() -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = self.receive(&buffer, buffer.count)
            if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer.prefix(count)
        }
    }
}
