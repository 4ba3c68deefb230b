import Conveyor
import Fixtures
import Synchronization
import Testing

@Suite struct FairQueueTests {
    /// Work that the test ends.
    private final class Work: Sendable {
        private struct State {
            var begun: [String] = []
            var open = 0
        }

        private let state = Mutex(State())
        var begun: [String] { self.state.withLock(\.begun) }

        func finishOne() { self.state.withLock { $0.open += 1 } }

        func run(_ name: String) async throws {
            self.state.withLock { $0.begun.append(name) }
            try await eventually("to have a waiting end") {
                self.state.withLock { state in
                    guard state.open > 0 else { return false }
                    state.open -= 1
                    return true
                }
            }
        }
    }

    @Test func `clients take turns, and a preferred one is next`() async throws {
        let queue = FairQueue<String>(places: 1, perClient: 10, room: 100)
        let work = Work()
        try await withThrowingTaskGroup(of: Void.self) { group in
            func add(_ client: String, _ number: Int, isPreferred: Bool = false) async throws {
                group.addTask { try await queue.run(for: client, isPreferred: isPreferred) { try await work.run("\(client)\(number)") } }
                // Each is in the queue before the next one comes.
                try await eventually("it to be in the queue") { queue.count == number }
            }
            for number in 1...4 { try await add("a", number) }
            try await add("b", 5)
            try await add("c", 6, isPreferred: true)
            for count in 1...6 {
                try await eventually("the next") { work.begun.count == count }
                work.finishOne()
            }
            try await group.waitForAll()
        }
        #expect(work.begun == ["a1", "c6", "a2", "b5", "a3", "a4"])
        #expect(queue.count == 0)
    }

    @Test func `places are limited per client and in total`() async throws {
        let queue = FairQueue<String>(places: 1, perClient: 2, room: 2)
        let work = Work()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in ["a", "a", "b"] { group.addTask { try await queue.run(for: client) { try await work.run(client) } } }
            try await eventually("three") { queue.count == 3 }
            await #expect(throws: FairQueue<String>.Full.self) { try await queue.run(for: "a") {} }
            await #expect(throws: FairQueue<String>.Full.self) { try await queue.run(for: "c") {} }
            for _ in 0..<3 { work.finishOne() }
            try await group.waitForAll()
        }
        try await queue.run(for: "a") {}
    }
}
