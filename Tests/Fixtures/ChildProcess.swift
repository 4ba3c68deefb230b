import CLinux
import Dispatch
public import Glibc
import Synchronization

/// A program that a test starts: its output is read all the time, and it never outlives the test process.
public final class ChildProcess: Sendable {
    /// A program that could not be started, or did not say or do in time what was waited for.
    public struct Failure: Error, CustomStringConvertible {
        /// What went wrong, with the end of the program's output.
        public let description: String
    }

    /// How a program ended.
    public enum Exit: Sendable, Equatable {
        /// With this status.
        case status(Int32)
        /// By this signal.
        case signal(Int32)
    }

    private struct State {
        var output: [UInt8] = []
        var exit: Exit?
        var nextWaiter = 0
        var waiters: [Int: Waiter] = [:]
    }

    /// Looks at every change; the continuation gets what it finds.
    private struct Waiter {
        let find: @Sendable (_ output: String, _ exit: Exit?) -> String?
        let continuation: CheckedContinuation<String?, Never>
    }

    /// The process, whose number is not used again before it was waited for.
    public let pid: pid_t
    private let state = Mutex(State())

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: a path, or a name to look for in `PATH`.
    ///   - environment: added to that of the test process; nil removes a name.
    public init(_ program: String, _ arguments: [String] = [], environment: [String: String?] = [:]) throws(Failure) {
        var ends: [Int32] = [-1, -1]
        guard clinux_pipe(&ends) == 0 else { throw Failure(description: "pipe: \(String(cString: strerror(errno)))") }
        defer { close(ends[1]) }
        do throws(Failure) {
            self.pid = try Self.spawn(program, arguments, environment, output: ends[1])
        } catch {
            close(ends[0])
            throw error
        }
        Reaper.shared.add(self.pid)
        let (pid, output) = (self.pid, ends[0])
        DispatchQueue(label: "output of \(program)").async { self.read(output) }
        DispatchQueue(label: "end of \(program)").async { self.wait(for: pid) }
    }

    /// All that it has written so far, to standard output and standard error.
    public var output: String { self.state.withLock { String(decoding: $0.output, as: UTF8.self) } }

    /// Sends a signal, unless it has ended.
    public func signal(_ number: Int32) {
        // Under the lock: until the exit is noted the process has not been waited for, so the number is still its own.
        self.state.withLock { state in
            if state.exit == nil { _ = Glibc.kill(self.pid, number) }
        }
    }

    /// Waits until a line of the output matches, and returns its first capture, or the whole match.
    public func firstLine(matching pattern: String, within time: Duration = .seconds(30)) async throws(Failure) -> String {
        // Compiled in the closure: `Regex` is not `Sendable`.
        let found = await self.wait(within: time) { output, exit in
            guard let regex = try? Regex(pattern) else { return nil }
            let match = output.firstMatch(of: regex).map { match in String(match.output.last?.substring ?? match.output[0].substring ?? "") }
            return match ?? exit.map { _ in "" }
        }
        guard let found, !found.isEmpty else { throw self.failure("no line matched \(pattern)") }
        return found
    }

    /// Waits for its end.
    @discardableResult
    public func waitForExit(within time: Duration = .seconds(30)) async throws(Failure) -> Exit {
        _ = await self.wait(within: time) { _, exit in exit.map { _ in "" } }
        guard let exit = self.state.withLock({ $0.exit }) else { throw self.failure("did not end") }
        return exit
    }

    /// SIGTERM, and waits for the end; SIGKILL if it takes too long.
    @discardableResult
    public func stop(within time: Duration = .seconds(30)) async throws(Failure) -> Exit {
        self.signal(SIGTERM)
        do throws(Failure) {
            return try await self.waitForExit(within: time)
        } catch {
            self.signal(SIGKILL)
            throw error
        }
    }

    /// SIGKILL, and waits for the end.
    public func kill() async throws(Failure) {
        self.signal(SIGKILL)
        try await self.waitForExit()
    }

    private func failure(_ what: String) -> Failure {
        let (output, exit) = self.state.withLock { ($0.output.suffix(4000), $0.exit) }
        return Failure(
            description: "process \(self.pid): \(what); exit: \(exit.map { "\($0)" } ?? "none")\n\(String(decoding: output, as: UTF8.self))")
    }

    // MARK: Waiting

    private func wait(within time: Duration, _ find: @escaping @Sendable (String, Exit?) -> String?) async -> String? {
        let number = self.state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let deadline = Task {
            try? await Task.sleep(for: time)
            self.state.withLock { $0.waiters.removeValue(forKey: number) }?.continuation.resume(returning: nil)
        }
        defer { deadline.cancel() }
        return await withCheckedContinuation { continuation in
            self.state.withLock { $0.waiters[number] = Waiter(find: find, continuation: continuation) }
            self.lookAgain()
        }
    }

    private func lookAgain() {
        let found = self.state.withLock { state in
            guard !state.waiters.isEmpty else { return [(Waiter, String)]() }
            let output = String(decoding: state.output, as: UTF8.self)
            return state.waiters.compactMap { number, waiter in
                guard let result = waiter.find(output, state.exit) else { return nil }
                state.waiters[number] = nil
                return (waiter, result)
            }
        }
        for (waiter, result) in found { waiter.continuation.resume(returning: result) }
    }

    // MARK: The process

    private func read(_ descriptor: Int32) {
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count <= 0 { return }
            self.state.withLock { $0.output.append(contentsOf: buffer[..<count]) }
            self.lookAgain()
        }
    }

    private func wait(for pid: pid_t) {
        // First without taking the process away, so that `signal` never meets a number that belongs to another.
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        Reaper.shared.remove(pid)
        self.state.withLock { state in
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
            state.exit = status & 0x7F == 0 ? .status(status >> 8 & 0xFF) : .signal(status & 0x7F)
        }
        self.lookAgain()
    }

    private static func spawn(
        _ program: String, _ arguments: [String], _ environment: [String: String?], output: Int32
    ) throws(Failure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        var values = Self.ownEnvironment
        for (name, value) in environment { values[name] = value }
        var vector: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = values.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in vector + variables { free(pointer) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, program, &actions, nil, &vector, &variables)
        guard code == 0 else { throw Failure(description: "\(program): \(String(cString: strerror(code)))") }
        return pid
    }

    /// The environment of the test process.
    private static var ownEnvironment: [String: String] {
        var values: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
            next += 1
        }
        return values
    }
}
