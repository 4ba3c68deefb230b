import Glibc
import Synchronization

/// TCP ports of the loopback.
public enum Port {
    /// Those that were given out, so that no two get the same.
    private static let given = Mutex<Set<Int>>([])

    /// Ports that nobody listens at. Below those from which the kernel takes ports for outgoing connections: a server that is started
    /// again finds its port still free.
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

    /// A port that nobody listens at.
    public static func free() throws(FixtureError) -> Int { try self.free(1)[0] }
}

/// A port of the loopback at which somebody listens, and answers nothing, for as long as this lives.
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
