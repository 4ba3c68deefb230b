import CLinux
import Fixtures
import Glibc
import Synchronization
import Testing

@testable import EventThread

/// The guarantees for sources that share a thread.
@Suite struct EventThreadTests {
    /// Owns one end of a pipe, on a thread that may be shared.
    private actor Reader {
        nonisolated let source: EventSource
        nonisolated var unownedExecutor: UnownedSerialExecutor { self.source.thread.asUnownedSerialExecutor() }
        nonisolated let turns = Atomic(0)
        nonisolated let bytes = Atomic(0)
        private let descriptor: CInt

        init(_ descriptor: CInt, on thread: EventThread?) {
            self.descriptor = descriptor
            self.source = EventSource(name: "reader", sharing: thread)
        }

        func start(timeout: Duration? = nil) {
            self.source.onTurn { [weak self] ready in
                self?.assumeIsolated { $0.turn(ready, timeout) } ?? .wait(.init())
            }
        }

        /// The thread that the actor's code runs on.
        var thread: UInt { UInt(pthread_self()) }

        private func turn(_ ready: Readiness, _ timeout: Duration?) -> EventThread.Turn {
            self.turns.add(1, ordering: .relaxed)
            if ready.contains(.readable) {
                var byte: UInt8 = 0
                self.bytes.add(max(0, read(self.descriptor, &byte, 1)), ordering: .relaxed)
            }
            return .wait(.init(descriptor: self.descriptor, timeout: timeout))
        }
    }

    private func withPipe(_ body: (_ reading: CInt, _ writing: CInt) async throws -> Void) async throws {
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        try await body(ends[0], ends[1])
    }

    @Test func `actors and tasks that share a thread run on it, and on no other`() async throws {
        let thread = EventThread(name: "shared")
        defer { thread.stop() }
        try await self.withPipe { reading, _ in
            let (first, second) = (Reader(reading, on: thread), Reader(-1, on: thread))
            let threads = try await withTaskExecutorPreference(EventThreadTasks(thread)) {
                try await withThrowingTaskGroup(of: UInt.self) { group in
                    for _ in 0..<10 { group.addTask { UInt(pthread_self()) } }
                    return try await group.reduce(into: Set([first.thread, second.thread])) { $0.insert($1) }
                }
            }
            #expect(threads.count == 1)
            #expect(await Reader(-1, on: nil).thread != threads.first)
        }
    }

    @Test func `a source gets a turn when its own descriptor is ready, while the others sleep`() async throws {
        let thread = EventThread(name: "shared")
        defer { thread.stop() }
        try await self.withPipe { reading, writing in
            let (busy, idle) = (Reader(reading, on: thread), Reader(-1, on: thread))
            await busy.start()
            await idle.start()
            try await eventually("both had their first turn") { busy.turns.load(ordering: .relaxed) > 0 && idle.turns.load(ordering: .relaxed) > 0 }
            let before = idle.turns.load(ordering: .relaxed)
            for count in 1...5 {
                #expect(write(writing, [1], 1) == 1)
                try await eventually("the byte is read") { busy.bytes.load(ordering: .relaxed) == count }
            }
            #expect(idle.turns.load(ordering: .relaxed) == before)
            idle.source.wake()
            try await eventually("who is woken has a turn") { idle.turns.load(ordering: .relaxed) == before + 1 }
        }
    }

    @Test func `a late wake-up ends one sleep, and not every later one`() async throws {
        let thread = EventThread(name: "shared")
        defer { thread.stop() }
        let reader = Reader(-1, on: thread)
        await reader.start()
        try await eventually("it had its first turn") { reader.turns.load(ordering: .relaxed) > 0 }
        // As if a thread had seen it asleep, and was delayed until another one had woken it.
        clinux_eventfd_signal(thread.wakeUpDescriptor)
        try await eventually("it is taken") { Readiness.poll(thread.wakeUpDescriptor, for: .readable, timeout: .zero).isEmpty }
    }

    @Test func `a wait ends at its timeout, repeatedly`() async throws {
        let reader = Reader(-1, on: nil)
        await reader.start(timeout: .milliseconds(5))
        try await eventually("ten turns") { reader.turns.load(ordering: .relaxed) >= 10 }
        reader.source.stop()
    }

    @Test func `endless jobs do not starve descriptors`() async throws {
        let thread = EventThread(name: "shared")
        defer { thread.stop() }
        try await self.withPipe { reading, writing in
            let reader = Reader(reading, on: thread)
            await reader.start()
            let yielding = Task(executorPreference: EventThreadTasks(thread)) { while !Task.isCancelled { await Task.yield() } }
            #expect(write(writing, [1], 1) == 1)
            try await eventually("the byte is read") { reader.bytes.load(ordering: .relaxed) == 1 }
            yielding.cancel()
            await yielding.value
        }
    }

    @Test func `a stopped source takes no more turns, and the others go on`() async throws {
        let thread = EventThread(name: "shared")
        defer { thread.stop() }
        try await self.withPipe { reading, writing in
            let (leaving, staying) = (Reader(-1, on: thread), Reader(reading, on: thread))
            await leaving.start()
            await staying.start()
            try await eventually("it had its first turn") { leaving.turns.load(ordering: .relaxed) > 0 }
            leaving.source.stop()
            // Runs on the thread, so a turn in progress is over.
            _ = await leaving.thread
            let last = leaving.turns.load(ordering: .relaxed)
            leaving.source.wake()
            #expect(write(writing, [1], 1) == 1)
            try await eventually("the other reads") { staying.bytes.load(ordering: .relaxed) == 1 }
            #expect(leaving.turns.load(ordering: .relaxed) == last)
        }
    }

    @Test func `a job after the end still runs`() async {
        let reader = Reader(-1, on: nil)
        _ = await reader.thread
        reader.source.stop()
        for _ in 0..<5 { _ = await reader.thread }
    }
}
