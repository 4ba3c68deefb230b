import Glibc
import Synchronization

/// TCP ports of the loopback.
public enum Port {
    /// The ports given out so far, so that none is used twice.
    private static let given = Mutex<Set<Int>>([])

    /// Ports without a listener. Below those that the kernel uses for outgoing connections, so that a restarted server finds its port
    /// free.
    public static func free(_ count: Int) throws(FixtureError) -> [Int] {
        var ports: [Int] = []
        for _ in 0..<1000 where ports.count < count {
            let port = Int.random(in: 10_000..<32_000)
            guard self.given.withLock({ $0.insert(port).inserted }) else { continue }
            if (try? TakenPort(port)) != nil { ports.append(port) }
        }
        guard ports.count == count else { throw FixtureError("no free port") }
        return ports
    }

    /// A port without a listener.
    public static func free() throws(FixtureError) -> Int { try self.free(1)[0] }
}

/// A port of the loopback that accepts connections and never answers, for its own lifetime.
public final class TakenPort: Sendable {
    private let descriptor: Int32
    /// The port.
    public let number: Int

    /// - Parameter port: 0 for any.
    public init(_ port: Int = 0) throws(FixtureError) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 1) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else {
            close(descriptor)
            throw FixtureError("port \(port) is taken")
        }
        self.descriptor = descriptor
        self.number = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(self.descriptor) }
}
