import CLinux
import Glibc
import Synchronization

/// Kills what the tests started once the test process is gone, however it went.
///
/// A shell reads process numbers from a pipe whose other end only the test process holds: when that ends, the shell kills what is left.
/// (`PR_SET_PDEATHSIG` would fire when the *thread* that started the child ends.)
final class Reaper: Sendable {
    static let shared = Reaper()

    private let pipe: Mutex<Int32>

    private init() {
        var ends: [Int32] = [-1, -1]
        guard clinux_pipe(&ends) == 0 else { preconditionFailure("no pipe: \(errno)") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
        let script = #"""
            alive=" "
            while read -r sign pid; do
                case $sign in + ) alive="$alive$pid " ;; - ) alive="${alive%% $pid *} ${alive#* $pid }" ;; esac
            done
            for pid in $alive; do kill -KILL "$pid" 2>/dev/null; done
            """#
        // A session of its own: a Ctrl-C in the terminal is for the tests.
        let arguments: [String] = ["setsid", "sh", "-c", script]
        var vector: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, "setsid", &actions, nil, &vector, environ)
        precondition(code == 0, "no shell: \(code)")
        for pointer in vector { free(pointer) }
        posix_spawn_file_actions_destroy(&actions)
        close(ends[0])
        self.pipe = Mutex(ends[1])
    }

    /// A process that is to be killed at the end.
    func add(_ pid: pid_t) { self.send("+ \(pid)\n") }

    /// One that has ended.
    func remove(_ pid: pid_t) { self.send("- \(pid)\n") }

    private func send(_ line: String) {
        // A pipe takes a short line in one piece.
        self.pipe.withLock { _ = write($0, line, line.utf8.count) }
    }
}
