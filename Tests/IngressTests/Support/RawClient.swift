import Glibc
import Synchronization
import Testing

/// A connection on which a test sends arbitrary bytes. The answer is read whenever the test asks for it.
final class RawClient: Sendable {
    private struct State {
        var received: [UInt8] = []
        var isClosed = false
    }

    private let descriptor: Int32
    private let state = Mutex(State())

    convenience init(port: Int) {
        let descriptor = Self.connected(to: port)
        if descriptor == nil { Issue.record("no server listens at port \(port): \(String(cString: strerror(errno)))") }
        self.init(descriptor: descriptor ?? -1)
    }

    private init(descriptor: Int32) { self.descriptor = descriptor }

    /// Whether a server listens on a port.
    static func isAnswered(port: Int) -> Bool {
        guard let descriptor = Self.connected(to: port) else { return false }
        close(descriptor)
        return true
    }

    private static func connected(to port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
        guard isConnected else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    deinit { close(self.descriptor) }

    /// Sends bytes; whether the server accepts them shows in its answer.
    func write(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(self.descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            sent += count
        }
    }

    /// Sends a text.
    func write(_ text: String) { self.write(Array(text.utf8)) }

    /// Closes our side.
    func finish() { shutdown(self.descriptor, Int32(SHUT_WR)) }

    private func takeIn() -> State {
        self.state.withLock { state in
            var buffer = [UInt8](repeating: 0, count: 1 << 14)
            while !state.isClosed {
                let count = recv(self.descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
                if count > 0 {
                    state.received += buffer[..<count]
                } else if count < 0, errno == EAGAIN {
                    break
                } else {
                    state.isClosed = true
                }
            }
            return state
        }
    }

    /// Everything received so far.
    var received: String { String(decoding: self.takeIn().received, as: UTF8.self) }
    /// Whether the other side has closed.
    var isClosed: Bool { self.takeIn().isClosed }

    /// The statuses of the received answers.
    var statuses: [Int] { self.received.matches(of: #/HTTP/1\.[01] (\d\d\d) /#).compactMap { Int($0.1) } }
}
