import CLinux
import Dispatch
import FoundationEssentials
import Glibc
import Synchronization

/// The output and the end of a process. Outlives the ``ChildProcess`` by which a test holds it.
final class ProcessLife: Sendable {
    struct Record {
        var output: [UInt8] = []
        var standardOutput: [UInt8] = []
        var standardError: [UInt8] = []
        var exit: ChildProcess.Exit?
    }

    private struct State {
        var record = Record()
        var pid: pid_t = 0
        /// The reading ends of its standard output and standard error; -1 once they have ended.
        var pipes: [Int32]
        var nextWaiter = 0
        var waiters: [Int: Waiter] = [:]
    }

    /// Waiters that check each change; the continuation gets the result.
    private struct Waiter {
        let find: @Sendable (Record) -> String?
        let continuation: CheckedContinuation<String?, Never>
    }

    private let state: Mutex<State>
    private let writingEnds: [Int32]

    init() throws(FixtureError) {
        var ends: [[Int32]] = []
        for _ in 0..<2 {
            var pair: [Int32] = [-1, -1]
            guard clinux_pipe(&pair) == 0 else { throw FixtureError("pipe: \(String(cString: strerror(errno)))") }
            _ = fcntl(pair[0], F_SETFL, O_NONBLOCK)
            ends.append(pair)
        }
        self.state = Mutex(State(pipes: ends.map { $0[0] }))
        self.writingEnds = ends.map { $0[1] }
    }

    deinit { for pipe in self.state.withLock(\.pipes) where pipe >= 0 { close(pipe) } }

    var exit: ChildProcess.Exit? { self.state.withLock { $0.record.exit } }

    func text(_ which: (Record) -> [UInt8]) -> String { self.state.withLock { String(decoding: which($0.record), as: UTF8.self) } }

    /// Sends a signal, unless it has ended.
    func signal(_ number: Int32) {
        // Under the lock: until its exit is recorded the process has not been waited for, so the id is still its own.
        self.state.withLock { state in
            if state.record.exit == nil, state.pid > 0 { _ = Glibc.kill(state.pid, number) }
        }
    }

    /// Waits until `find` returns a value; nil after the timeout.
    func wait(within time: Duration, _ find: @escaping @Sendable (Record) -> String?) async -> String? {
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
            state.waiters.compactMap { number, waiter in
                guard let result = waiter.find(state.record) else { return nil as (Waiter, String)? }
                state.waiters[number] = nil
                return (waiter, result)
            }
        }
        for (waiter, result) in found { waiter.continuation.resume(returning: result) }
    }

    // MARK: The process

    func start(_ words: [String], variables: [String: String], input: String?) throws(FixtureError) -> pid_t {
        defer { for end in self.writingEnds { close(end) } }
        let pid = try Self.spawn(words, variables, input, outputs: self.writingEnds)
        self.state.withLock { $0.pid = pid }
        DispatchQueue(label: "output of \(words[0])").async { self.read() }
        DispatchQueue(label: "end of \(words[0])").async { self.waitForEnd(of: pid) }
        return pid
    }

    private func read() {
        while true {
            var polled = self.state.withLock { state in state.pipes.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) } }
            guard polled.contains(where: { $0.fd >= 0 }) else { return }
            _ = poll(&polled, 2, -1)
            self.takeWhatIsThere()
        }
    }

    /// One lock from the pipe to the record: so the output before the exit is recorded before the exit.
    private func takeWhatIsThere() {
        self.state.withLock { state in
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            for index in state.pipes.indices where state.pipes[index] >= 0 {
                while true {
                    let count = Glibc.read(state.pipes[index], &buffer, buffer.count)
                    if count > 0 {
                        state.record.output += buffer[..<count]
                        if index == 0 { state.record.standardOutput += buffer[..<count] } else { state.record.standardError += buffer[..<count] }
                    } else {
                        if count == 0 {
                            close(state.pipes[index])
                            state.pipes[index] = -1
                        }
                        break
                    }
                }
            }
        }
        self.lookAgain()
    }

    private func waitForEnd(of pid: pid_t) {
        // First without reaping, so that `signal` never meets a reused id.
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        self.takeWhatIsThere()
        self.state.withLock { state in
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
            state.record.exit = status & 0x7F == 0 ? .status(status >> 8 & 0xFF) : .signal(status & 0x7F)
        }
        self.lookAgain()
    }

    private static func spawn(
        _ words: [String], _ variables: [String: String], _ input: String?, outputs: [Int32]
    ) throws(FixtureError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var inputFile = "/dev/null"
        if let input {
            do { inputFile = try Scratch.file("input", input).path } catch { throw FixtureError("\(error)") }
        }
        defer { if input != nil { unlink(inputFile) } }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, inputFile, O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, outputs[0], STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, outputs[1], STDERR_FILENO)
        // Tasks' threads block all signals, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var vector: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in vector + environment { free(pointer) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, words[0], &actions, &attributes, &vector, &environment)
        guard code == 0 else { throw FixtureError("\(words[0]): \(String(cString: strerror(code)))") }
        return pid
    }
}
