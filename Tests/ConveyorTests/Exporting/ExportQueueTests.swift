import Fixtures
import Logging
import Synchronization
import Testing

@testable import Conveyor

@Suite struct ExportQueueTests {
    private final class Sent: Sendable {
        private let batches = Mutex<[[Int]]>([])
        var all: [[Int]] { self.batches.withLock { $0 } }
        func add(_ batch: [Int]) { self.batches.withLock { $0.append(batch) } }
    }

    private func queue(
        capacity: Int = 100, every interval: Duration = .milliseconds(20), logger: Logger = .silent,
        send: @escaping @Sendable ([Int]) async -> Int
    ) -> ExportQueue<Int> {
        ExportQueue(to: "test", capacity: capacity, every: interval, logger: logger, send: send)
    }

    @Test func `items of one interval are sent together, in order`() async throws {
        let sent = Sent()
        let queue = self.queue {
            sent.add($0)
            return 0
        }
        for number in 0..<10 { queue.add([number]) }
        try await eventually("ten items") { sent.all.flatMap(\.self).count == 10 }
        #expect(sent.all == [Array(0..<10)])
        queue.add([10, 11])
        try await eventually("two more") { sent.all.last == [10, 11] }
        await queue.finish(within: .seconds(1))
    }

    @Test func `items that find it full are dropped, and the log reports that once`() async throws {
        let pipe = LogPipe()
        let sent = Sent()
        let queue = self.queue(capacity: 5, every: .seconds(60), logger: pipe.logger()) {
            sent.add($0)
            return 0
        }
        queue.add(0..<3)
        queue.add(3..<10)
        queue.add(10..<20)
        await queue.finish(within: .seconds(1))
        #expect(sent.all == [Array(0..<5)])
        let lines = try pipe.objects()
        #expect(lines.map(\.message) == ["5 items for test were dropped so far: there were too many"])
    }

    @Test func `the end sends the remaining items at once, and accepts no more`() async {
        let sent = Sent()
        let queue = self.queue(every: .seconds(60)) {
            sent.add($0)
            return 0
        }
        queue.add([1, 2])
        let began = ContinuousClock.now
        await queue.finish(within: .seconds(30))
        #expect(ContinuousClock.now - began < .seconds(10))
        queue.add([3])
        #expect(sent.all == [[1, 2]])
    }

    @Test func `the end of an idle queue takes no time`() async {
        let queue = self.queue { _ in 0 }
        let began = ContinuousClock.now
        await queue.finish(within: .seconds(30))
        #expect(ContinuousClock.now - began < .seconds(10))
    }

    @Test func `a hanging sender delays neither callers nor the end`() async {
        let queue = self.queue(capacity: 10, every: .zero) { items in
            try? await Task.sleep(for: .seconds(3600))
            return items.count
        }
        let began = ContinuousClock.now
        for number in 0..<100_000 { queue.add([number]) }
        #expect(ContinuousClock.now - began < .seconds(10))
        await queue.finish(within: .milliseconds(100))
        #expect(ContinuousClock.now - began < .seconds(20))
    }
}
