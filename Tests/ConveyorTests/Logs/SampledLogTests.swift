import Fixtures
import Logging
import Testing

@testable import Conveyor

@Suite struct SampledLogTests {
    @Test func `a quiet system logs every line`() throws {
        let pipe = LogPipe()
        let log = SampledLog(logger: pipe.logger(), perSecond: 10)
        for number in 0..<50 { log.log { ("handled", ["attempt": .stringConvertible(number)]) } }
        #expect(try pipe.objects().compactMap(\.attempt) == Array(0..<50))
    }

    @Test func `of many lines a few are logged, and all others are counted`() async throws {
        let pipe = LogPipe()
        let log = SampledLog(logger: pipe.logger(), perSecond: 10)
        var made = 0
        for _ in 0..<5000 {
            log.log {
                made += 1
                return ("handled", [:])
            }
        }
        #expect((50..<200).contains(made))
        // No line follows, so a separate line contains the number.
        var lines: [LogPipe.Line] = []
        try await eventually("a line that counts the others", within: .seconds(5)) {
            lines += try pipe.objects()
            return lines.last?.message == "lines left out"
        }
        #expect(lines.count { $0.message == "handled" } == made)
        #expect(lines.compactMap(\.left_out).reduce(0, +) + made == 5000)
    }

    @Test func `zero drops no line`() throws {
        let pipe = LogPipe()
        let log = SampledLog(logger: pipe.logger(), perSecond: 0)
        for _ in 0..<2000 { log.log { ("handled", [:]) } }
        #expect(pipe.lines().count == 2000)
    }

    @Test func `a line below the level is not even built`() {
        let pipe = LogPipe()
        var logger = pipe.logger()
        logger.logLevel = .warning
        SampledLog(logger: logger, perSecond: 0).log {
            Issue.record("made")
            return ("handled", [:])
        }
        #expect(pipe.lines().isEmpty)
    }
}
