import Glibc

/// A file of lines that only grows or is replaced as a whole.
struct AppendOnlyFile: ~Copyable {
    /// A failed system call.
    struct Failure: Error, CustomStringConvertible {
        let call: String
        let path: String
        let code: Int32
        var description: String { "\(self.call) \(self.path): \(String(cString: strerror(self.code)))" }
    }

    private let path: String
    private var descriptor: Int32
    /// The lock on `<path>.lock`: a lock on the file itself would be lost when the file is replaced.
    private let lock: Int32

    /// Opens or creates the file with mode 0600, and locks it for this process.
    ///
    /// - Throws: also `EWOULDBLOCK` of `flock` while another process holds the lock.
    init(path: String) throws(Failure) {
        let lock = try Self.check("open", path + ".lock", open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600))
        do throws(Failure) {
            try Self.check("flock", path, flock(lock, LOCK_EX | LOCK_NB))
            self.descriptor = try Self.check("open", path, open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600))
        } catch {
            close(lock)
            throw error
        }
        self.path = path
        self.lock = lock
    }

    deinit {
        close(self.descriptor)
        close(self.lock)
    }

    /// The complete lines of the file. An incomplete last line, from a killed process, is cut off.
    mutating func readLines() throws(Failure) -> [Substring.UTF8View.SubSequence] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try Self.check("read", self.path, read(self.descriptor, &buffer, buffer.count))
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        let end = bytes.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        if end < bytes.count {
            try Self.check("ftruncate", self.path, ftruncate(self.descriptor, end))
            try Self.check("lseek", self.path, lseek(self.descriptor, end, SEEK_SET))
        }
        return Substring(decoding: bytes[..<end], as: UTF8.self).utf8.split(separator: 0x0A)
    }

    /// Appends, and waits until the bytes are on the disk.
    mutating func append(_ bytes: [UInt8]) throws(Failure) {
        try Self.write(bytes, to: self.descriptor, self.path)
        try Self.check("fdatasync", self.path, fdatasync(self.descriptor))
    }

    /// Replaces the file's content atomically.
    mutating func replace(with bytes: [UInt8]) throws(Failure) {
        let temporary = self.path + ".new"
        let descriptor = try Self.check("open", temporary, open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600))
        do throws(Failure) {
            try Self.write(bytes, to: descriptor, temporary)
            try Self.check("fsync", temporary, fsync(descriptor))
            try Self.check("rename", temporary, rename(temporary, self.path))
            try Self.syncFolder(of: self.path)
        } catch {
            close(descriptor)
            throw error
        }
        close(self.descriptor)
        self.descriptor = descriptor
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try Self.check("write", path, rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) })
            rest = rest.dropFirst(count)
        }
    }

    /// A rename is on the disk only after its folder was synchronised.
    private static func syncFolder(of path: String) throws(Failure) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = try Self.check("open", folder, open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        defer { close(descriptor) }
        try Self.check("fsync", folder, fsync(descriptor))
    }

    @discardableResult
    private static func check<Number: BinaryInteger>(_ call: String, _ path: String, _ result: Number) throws(Failure) -> Number {
        guard result >= 0 else { throw Failure(call: call, path: path, code: errno) }
        return result
    }
}
