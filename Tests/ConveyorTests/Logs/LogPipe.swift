import CLinux
import FoundationEssentials
import Glibc
import Logging

@testable import Conveyor

/// A log that ends in a pipe.
final class LogPipe: Sendable {
    let writer: LogWriter
    private let ends: [Int32]
    /// `F_SETPIPE_SZ` (linux/fcntl.h), which Glibc's overlay does not show.
    private static let setPipeSize: Int32 = 1031

    init() {
        var ends: [Int32] = [-1, -1]
        _ = clinux_pipe(&ends)
        // Large enough for a test that reads only at the end.
        _ = fcntl(ends[1], Self.setPipeSize, 1 << 20)
        self.ends = ends
        self.writer = LogWriter(descriptor: ends[1])
    }

    deinit { self.ends.forEach { close($0) } }

    func logger(_ format: Logs.Format = .json, colours: Bool = false, label: String = "orders-worker", provider: Logger.MetadataProvider? = nil)
        -> Logger
    {
        var logger = Logger(label: label) { label in
            LineLogHandler(part: "orders-worker", label: label, format: format, colours: colours, output: self.writer, metadataProvider: provider)
        }
        logger.logLevel = .info
        return logger
    }

    /// The present content of the pipe, without waiting.
    func read() -> String {
        var poll = pollfd(fd: self.ends[0], events: Int16(POLLIN), revents: 0)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        guard Glibc.poll(&poll, 1, 0) == 1, case let count = Glibc.read(self.ends[0], &buffer, buffer.count), count > 0 else { return "" }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// All lines that were logged.
    func lines() -> [String] {
        self.writer.flush()
        return self.read().split(separator: "\n").map(String.init)
    }

    /// The lines as JSON objects.
    func objects() throws -> [Line] { try self.lines().map { try JSON.decode(Line.self, from: Array($0.utf8)) } }

    /// The members of a line that the tests look at.
    struct Line: Decodable {
        let time: Date
        let level: String
        let part: String
        let message: String
        let logger: String?
        let order_id: String?
        let ms: Double?
        let attempt: Int?
        let left_out: Int?
        let list: [String]?
        let nested: [String: String]?
        let error: String?
    }
}
