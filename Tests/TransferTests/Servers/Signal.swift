/// An event that happens at most once.
final class Signal: Sendable {
    struct Missing: Error {}

    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (self.stream, self.continuation) = AsyncStream.makeStream() }

    func fire() {
        self.continuation.yield()
        self.continuation.finish()
    }

    /// Waits for the event; throws after the timeout.
    func wait(within time: Duration = .seconds(60)) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in self.stream { return }
                throw Missing()
            }
            group.addTask {
                try await Task.sleep(for: time)
                throw Missing()
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
