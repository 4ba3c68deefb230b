import FoundationEssentials
import NIOPosix
import ServiceLifecycle
import Synchronization

/// The state file: lines of ``Entry``s. A line is on the disk before its call is answered.
///
/// Lines that arrive during a write form the next one (group commit), on a thread that may block.
final class Journal: Service {
    /// The number of lines appended so far, for ``sync(to:)``.
    typealias Position = Int

    /// A line that this version cannot read.
    struct Unreadable: Error, CustomStringConvertible {
        let path: String
        let line: Int
        var description: String { "the state file \(self.path) cannot be read at line \(self.line)" }
    }

    private struct State {
        var pending: [UInt8] = []
        /// The content that replaces the file, before `pending`.
        var replacement: [UInt8]?
        var appended: Position = 0
        var written: Position = 0
        var bytes = 0
        var bytesAtReplacement = 0
        var waiters: [(Position, CheckedContinuation<Void, any Error>)] = []
        var failure: AppendOnlyFile.Failure?
        var isStopping = false
        /// The file's content at the start.
        var recovered: [[Entry]] = []
    }

    /// The file, used only by the one task that writes.
    private final class File: Sendable {
        private let file: Mutex<AppendOnlyFile>
        init(_ file: consuming sending AppendOnlyFile) { self.file = Mutex(file) }

        func write(replacement: [UInt8]?, pending: [UInt8]) throws {
            try self.file.withLock { file throws(AppendOnlyFile.Failure) in
                if let replacement { try file.replace(with: replacement) }
                if !pending.isEmpty { try file.append(pending) }
            }
        }
    }

    private let file: File
    private let bell = Bell()
    private let state: Mutex<State>
    init(path: String) throws {
        var file = try AppendOnlyFile(path: path)
        let decoder = JSONDecoder()
        let lines = try file.readLines()
        let recovered = try lines.enumerated().map { number, line in
            do {
                return try decoder.decode([Entry].self, from: Data(line))
            } catch {
                throw Unreadable(path: path, line: number + 1)
            }
        }
        self.file = File(file)
        self.state = Mutex(State(recovered: recovered))
    }

    /// Returns the lines of the file at the start, and releases them: call it once.
    func takeRecovered() -> [[Entry]] {
        self.state.withLock { state in
            defer { state.recovered = [] }
            return state.recovered
        }
    }

    /// Appends one line; it is on the disk once ``sync(to:)`` for the returned position has returned.
    func append(_ entries: [Entry]) -> Position {
        let line = Self.line(entries)
        let position = self.state.withLock { state in
            state.pending.append(contentsOf: line)
            state.bytes += line.count
            state.appended += 1
            return state.appended
        }
        self.bell.ring()
        return position
    }

    /// The position of the newest line.
    var end: Position { self.state.withLock { $0.appended } }

    /// Waits until all lines up to that position are on the disk.
    ///
    /// - Throws: `AppendOnlyFile.Failure` once a write has failed. The memory is then ahead of the disk, so the process ends.
    func sync(to position: Position) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let result: Result<Void, any Error>? = self.state.withLock { state in
                if let failure = state.failure { return .failure(failure) }
                if state.written >= position { return .success(()) }
                state.waiters.append((position, continuation))
                return nil
            }
            if let result { continuation.resume(with: result) }
        }
    }

    /// Whether the file has grown enough since the last replacement to justify a new one.
    var isLong: Bool { self.state.withLock { $0.bytes - $0.bytesAtReplacement > max(64 << 20, $0.bytesAtReplacement) } }

    /// Replaces the whole content of the file.
    func replace(with lines: some Sequence<[Entry]>) {
        let bytes = lines.reduce(into: [UInt8]()) { $0.append(contentsOf: Self.line($1)) }
        self.state.withLock { state in
            state.replacement = bytes
            state.pending = []
            state.bytes = bytes.count
            state.bytesAtReplacement = bytes.count
            state.appended += 1
        }
        self.bell.ring()
    }

    /// Writes until the graceful shutdown, then the remaining lines.
    func run() async throws {
        try await withGracefulShutdownHandler {
            while !self.state.withLock({ $0.isStopping }) {
                await self.bell.wait()
                try await self.flush()
            }
        } onGracefulShutdown: {
            self.state.withLock { $0.isStopping = true }
            self.bell.ring()
        }
        try await self.flush()
    }

    private func flush() async throws {
        let (position, replacement, pending) = self.state.withLock { state in
            defer { (state.replacement, state.pending) = (nil, []) }
            return (state.appended, state.replacement, state.pending)
        }
        do {
            if replacement != nil || !pending.isEmpty {
                try await NIOThreadPool.singleton.runIfActive { try self.file.write(replacement: replacement, pending: pending) }
            }
            let done = self.state.withLock { state in
                state.written = position
                let done = state.waiters.filter { $0.0 <= position }
                state.waiters.removeAll { $0.0 <= position }
                return done
            }
            for (_, waiter) in done { waiter.resume() }
        } catch {
            let waiters = self.state.withLock { state in
                state.failure = error as? AppendOnlyFile.Failure ?? AppendOnlyFile.Failure(call: "write", path: "the state file", code: 5)
                defer { state.waiters = [] }
                return state.waiters
            }
            for (_, waiter) in waiters { waiter.resume(throwing: error) }
            throw error
        }
    }

    private static func line(_ entries: [Entry]) -> [UInt8] {
        guard let data = try? JSONEncoder().encode(entries) else { preconditionFailure("entries are plain values: they always encode") }
        return Array(data) + [0x0A]
    }
}
