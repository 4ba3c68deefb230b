import Dispatch
import Glibc
import Synchronization

/// A process of this build with pipes on its outputs; killed when nobody holds it any more.
final class ChildProcess: Sendable {
    private struct State {
        var output = ["", ""]
        var closed = 0
        var status: Int32?
    }

    let pid: pid_t
    private let state = Mutex(State())

    /// Starts an executable of the folder that the tests themselves run from.
    init(_ executable: String, _ arguments: [String] = [], environment: [String: String] = [:]) throws {
        var path = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &path, path.count - 1)
        let tests = String(decoding: path[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = tests[..<(tests.lastIndex(of: "/") ?? tests.endIndex)]

        var pipes: [[Int32]] = []
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        for target: Int32 in [1, 2] {
            var ends: [Int32] = [-1, -1]
            pipe2(&ends, O_CLOEXEC)
            posix_spawn_file_actions_adddup2(&actions, ends[1], target)
            pipes.append(ends)
        }
        let words = ([String(folder) + "/" + executable] + arguments).map { strdup($0) } + [nil]
        // Nothing of the tests' own environment is a setting of the child.
        let variables = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var pid: pid_t = 0
        let failure = posix_spawn(&pid, words[0], &actions, nil, words, variables)
        for ends in pipes { close(ends[1]) }
        guard failure == 0 else { throw Failure(description: "\(executable): \(String(cString: strerror(failure)))") }
        self.pid = pid
        for (index, ends) in pipes.enumerated() { self.read(ends[0], into: index) }
    }

    deinit { if self.state.withLock({ $0.status }) == nil { Glibc.kill(self.pid, SIGKILL) } }

    struct Failure: Error, CustomStringConvertible { let description: String }

    /// A thread a pipe: a blocking read has no place on the threads of tasks.
    private func read(_ descriptor: Int32, into index: Int) {
        DispatchQueue(label: "pipe").async { [weak self, pid] in
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while case let count = Glibc.read(descriptor, &buffer, buffer.count), count > 0 {
                self?.state.withLock { $0.output[index] += String(decoding: buffer[..<count], as: UTF8.self) }
            }
            close(descriptor)
            // The last one that ends collects the exit status.
            guard let self,
                self.state.withLock({
                    $0.closed += 1; return $0.closed
                }) == 2
            else { return }
            var status: Int32 = 0
            waitpid(pid, &status, 0)
            self.state.withLock { $0.status = status }
        }
    }

    /// What it has written so far.
    var standardOutput: String { self.state.withLock { $0.output[0] } }
    var standardError: String { self.state.withLock { $0.output[1] } }

    func signal(_ number: Int32) { Glibc.kill(self.pid, number) }

    /// Waits until its standard output contains a text.
    func waits(for text: String, within timeout: Duration = .seconds(10)) async throws {
        try await eventually(within: timeout, "\(text) in \(self.standardOutput)\(self.standardError)") { self.standardOutput.contains(text) }
    }

    /// Its exit code; 128 and the signal if one killed it.
    func exitCode(within timeout: Duration = .seconds(10)) async throws -> Int32 {
        try await eventually(within: timeout, "exit; \(self.standardOutput)\(self.standardError)") { self.state.withLock { $0.status != nil } }
        let status = self.state.withLock { $0.status } ?? 0
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }
}

/// Waits until something holds that announces itself in no way.
func eventually(within timeout: Duration = .seconds(10), _ what: @autoclosure () -> String = "", _ holds: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + timeout
    while try await !holds() {
        guard ContinuousClock.now < deadline else { throw ChildProcess.Failure(description: "not within \(timeout): \(what())") }
        try await Task.sleep(for: .milliseconds(5))
    }
}
