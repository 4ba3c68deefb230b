import Dispatch
import Glibc
import Synchronization

/// Writes lines to a file descriptor: logging only appends to a buffer, which a separate queue writes.
///
/// A line waits for at most 200 ms, so that many share one `write` and its two threads are seldom woken; from `warning` on it is written at once, at
/// `critical` before the caller goes on. If the reader stops, the buffer grows to 8 MiB, and further lines are dropped and counted: the log never
/// delays the work.
public final class LogWriter: Sendable {
    /// When a line is written.
    enum Urgency { case soon, now, beforeReturn }

    private struct Pending {
        var bytes: [UInt8] = []
        var leftOut = 0
        var isScheduled = false
    }

    /// The descriptor that the lines are written to.
    let descriptor: Int32
    private let pending = Mutex(Pending())
    /// Held while bytes are taken and written, so that they keep their order.
    private let writing = Mutex(())
    private let queue = DispatchQueue(label: "log")
    private static let limit = 8 << 20
    private static let delay = DispatchTimeInterval.milliseconds(200)

    /// The standard output.
    public static let standardOutput = LogWriter(descriptor: STDOUT_FILENO)
    /// The standard error.
    public static let standardError = LogWriter(descriptor: STDERR_FILENO)

    /// A writer to this descriptor, which it does not close.
    public init(descriptor: Int32) { self.descriptor = descriptor }

    /// Adds a line, which ends with a newline.
    func write(_ line: [UInt8], _ urgency: Urgency = .soon) {
        let mustSchedule = self.pending.withLock { pending in
            guard pending.bytes.count + line.count <= Self.limit else {
                pending.leftOut += 1
                return false
            }
            pending.bytes += line
            defer { if urgency != .beforeReturn { pending.isScheduled = true } }
            return !pending.isScheduled || urgency == .now
        }
        switch urgency {
        case .beforeReturn: self.flush()
        case .now: self.queue.async { self.flush() }
        case .soon: if mustSchedule { self.queue.asyncAfter(deadline: .now() + Self.delay) { self.flush() } }
        }
    }

    /// Writes the buffer; returns when it is written, or after two seconds.
    public func flush() {
        self.writing.withLock { _ in
            while true {
                let (bytes, leftOut) = self.pending.withLock { pending in
                    defer { pending = Pending() }
                    return (pending.bytes, pending.leftOut)
                }
                if bytes.isEmpty, leftOut == 0 { return }
                self.writeAll(bytes)
                if leftOut > 0 { self.writeAll(Array("\(leftOut) log lines were left out: the reader was too slow\n".utf8)) }
            }
        }
    }

    /// Flushes the buffer when the process exits.
    func flushAtExit() {
        Self.flushedAtExit.withLock { writers in
            if writers.isEmpty { atexit { LogWriter.flushedAtExit.withLock { $0 }.forEach { $0.flush() } } }
            writers.append(self)
        }
    }

    private static let flushedAtExit = Mutex<[LogWriter]>([])

    private func writeAll(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = Glibc.write(self.descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    // Another program made the shared descriptor non-blocking, such as a pipe.
                    var poll = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
                    if Glibc.poll(&poll, 1, 2000) == 0 { return }
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}
