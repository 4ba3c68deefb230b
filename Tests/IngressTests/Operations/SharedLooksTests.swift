import Conveyor
import Fixtures
import Shop
import Synchronization
import Testing

@testable import Ingress

@Suite struct SharedLooksTests {
    private let operation = ID.v7(milliseconds: 1_800_000_000_000)

    private final class Seen: Sendable {
        let looks = Atomic(0)
        let waiting = Atomic(0)
        let isOpen = Atomic(false)
    }

    @Test func `all waiting requests share one query`() async throws {
        let looks = SharedLooks()
        let seen = Seen()
        let now = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                looks.enter(self.operation)
                group.addTask {
                    defer { looks.leave(self.operation) }
                    seen.waiting.add(1, ordering: .relaxed)
                    let state = try await looks.state(of: self.operation, since: now) {
                        seen.looks.add(1, ordering: .relaxed)
                        try await eventually("all to wait") { seen.isOpen.load(ordering: .relaxed) }
                        return OperationState(status: .succeeded)
                    }
                    #expect(state.status == .succeeded)
                }
            }
            try await eventually("all of them") { seen.waiting.load(ordering: .relaxed) == 100 }
            seen.isOpen.store(true, ordering: .relaxed)
            try await group.waitForAll()
        }
        #expect(seen.looks.load(ordering: .relaxed) == 1)
    }

    @Test func `a result older than the news is not used`() async throws {
        let looks = SharedLooks()
        looks.enter(self.operation)
        defer { looks.leave(self.operation) }
        _ = try await looks.state(of: self.operation, since: .now - .seconds(1)) { OperationState(status: .pending) }
        #expect(try await looks.state(of: self.operation, since: .now - .seconds(60)) { OperationState(status: .failed) }.status == .pending)
        #expect(try await looks.state(of: self.operation, since: .now) { OperationState(status: .succeeded) }.status == .succeeded)
    }

    @Test func `the next request repeats a failed query`() async throws {
        let looks = SharedLooks()
        looks.enter(self.operation)
        defer { looks.leave(self.operation) }
        await #expect(throws: CancellationError.self) {
            try await looks.state(of: self.operation, since: .now) { throw CancellationError() }
        }
        #expect(try await looks.state(of: self.operation, since: .now) { OperationState(status: .succeeded) }.status == .succeeded)
    }
}
