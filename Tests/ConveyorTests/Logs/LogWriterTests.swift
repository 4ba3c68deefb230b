import CLinux
import Dispatch
import Fixtures
import Glibc
import Logging
import Synchronization
import Testing

@testable import Conveyor

@Suite struct LogWriterTests {
    @Test func `a critical line is written before the caller goes on`() {
        let pipe = LogPipe()
        pipe.logger().critical("m")
        #expect(pipe.read().contains(#""message":"m""#))
    }

    @Test(arguments: [Logger.Level.info, .warning, .error]) func `other lines are written on their own`(level: Logger.Level) async throws {
        let pipe = LogPipe()
        pipe.logger().log(level: level, "m")
        try await eventually("the line", within: .seconds(2)) { pipe.read().contains(#""message":"m""#) }
    }

    @Test func `lines of many threads stay whole and in order`() async throws {
        let pipe = LogPipe()
        let logger = pipe.logger()
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask { for number in 0..<500 { logger.info("\(task)", metadata: ["attempt": .stringConvertible(number)]) } }
            }
        }
        let lines = try pipe.objects()
        #expect(lines.count == 2000)
        for task in 0..<4 { #expect(lines.filter { $0.message == "\(task)" }.compactMap(\.attempt) == Array(0..<500)) }
    }

    @Test func `a log without a reader delays no caller, and reports dropped lines later`() async throws {
        let pipe = LogPipe()
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 99_999) + [UInt8(ascii: "\n")]
        let began = ContinuousClock.now
        // 1 MiB fits into the pipe, 8 MiB into the buffer, and as much again is on its way to the pipe.
        for _ in 0..<400 { pipe.writer.write(line) }
        #expect(ContinuousClock.now - began < .seconds(5))
        let seen = Counter()
        try await eventually("the number of dropped lines") {
            seen.add(pipe.read()) > 0 && seen.text.contains("log lines were left out: the reader was too slow")
        }
    }

    private final class Counter: Sendable {
        private let tail = Mutex("")
        var text: String { self.tail.withLock { $0 } }
        func add(_ text: String) -> Int {
            self.tail.withLock { $0 = String(($0 + text).suffix(1000)) }
            return 1
        }
    }

    @Test func `a closed reader does not end the process`() {
        var ends: [Int32] = [-1, -1]
        _ = clinux_pipe(&ends)
        let writer = LogWriter(descriptor: ends[1])
        signal(SIGPIPE, SIG_IGN)
        close(ends[0])
        writer.write(Array("lost\n".utf8))
        writer.flush()
        close(ends[1])
    }
}
