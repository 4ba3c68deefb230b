import Dispatch
import Glibc
import Synchronization

/// A connection on which a test says what it likes, byte by byte; what comes back is read all the time.
final class RawClient: Sendable {
    private struct State {
        var received: [UInt8] = []
        var isClosed = false
    }

    private let descriptor: Int32
    private let state = Mutex(State())

    init(port: Int) {
        self.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
        precondition(isConnected, "nobody listens at port \(port)")
        let descriptor = self.descriptor
        DispatchQueue(label: "raw client").async { [weak self] in
            var buffer = [UInt8](repeating: 0, count: 1 << 14)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard let self else { break }
                self.state.withLock { state in
                    if count > 0 { state.received += buffer[..<count] } else { state.isClosed = true }
                }
                if count <= 0 { break }
            }
        }
    }

    deinit {
        shutdown(self.descriptor, Int32(SHUT_RDWR))
        close(self.descriptor)
    }

    /// Sends bytes; whether the other side takes them shows in what it answers.
    func write(_ bytes: some Collection<UInt8>) {
        _ = Array(bytes).withUnsafeBytes { send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }
    func write(_ text: String) { self.write(Array(text.utf8)) }
    /// Closes our side.
    func finish() { shutdown(self.descriptor, Int32(SHUT_WR)) }

    /// All that has come so far.
    var received: String { self.state.withLock { String(decoding: $0.received, as: UTF8.self) } }
    /// Whether the other side has closed.
    var isClosed: Bool { self.state.withLock(\.isClosed) }

    /// The statuses of the answers that have come.
    var statuses: [Int] { self.received.matches(of: #/HTTP/1\.[01] (\d\d\d) /#).compactMap { Int($0.1) } }
}
