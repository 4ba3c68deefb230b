import FoundationEssentials
import Glibc

/// A port of this machine that nobody uses, held by a listening socket until it is let go.
final class FreePort: Sendable {
    private let descriptor: Int32
    let number: UInt16

    init() throws {
        self.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = self.descriptor
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && listen(descriptor, 1) == 0 && getsockname(descriptor, pointer, &length) == 0
            }
        }
        guard isBound else { throw ChildProcess.Failure(description: "no free port") }
        self.number = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(self.descriptor) }

    /// A port that was free a moment ago.
    static func letGo() throws -> UInt16 { try FreePort().number }
}

/// A file that is gone when nobody holds it any more.
final class TemporaryFile: Sendable {
    let path: String

    init(_ text: String) throws {
        self.path = FileManager.default.temporaryDirectory.appending(path: "conveyor-\(UUID()).env").path
        try Data(text.utf8).write(to: URL(filePath: self.path))
    }

    deinit { unlink(self.path) }
}
