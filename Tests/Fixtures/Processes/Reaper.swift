import CLinux
import FoundationEssentials
import Glibc

/// Ends all processes of the tests and removes their folder after the test process has ended in any way.
///
/// Every process of the tests carries a mark in its environment, and so do its children. A shell waits for the end of a pipe whose other end
/// only the test process holds, and then kills every process with the mark. (`PR_SET_PDEATHSIG` would fire when the *thread* that
/// started the child ends, and does not cover daemons such as Erlang's `epmd`.)
enum Reaper {
    /// A name and a value for the environment of each process.
    static let mark: (name: String, value: String) = {
        let mark = (name: "CONVEYOR_TEST_PROCESS", value: "\(getpid())-\(UInt64.random(in: 0...UInt64.max))")
        Reaper.start("\(mark.name)=\(mark.value)", folder: Scratch.root.path)
        return mark
    }()

    /// The children as well: those of Postgres overwrite their environment with their title. SIGKILL also ends stopped processes.
    private static let script = #"""
        trap '' INT TERM HUP
        cat >/dev/null
        while
            marked=$(grep -lzxF -- "$1" /proc/[0-9]*/environ 2>/dev/null)
            [ -n "$marked" ]
        do
            for file in $marked; do
                process=${file%/environ}
                kill -KILL "${process#/proc/}" $(cat "$process/task/"*/children 2>/dev/null) 2>/dev/null
            done
        done
        rm -rf -- "$2"
        """#

    private static func start(_ mark: String, folder: String) {
        var ends: [Int32] = [-1, -1]
        guard clinux_pipe(&ends) == 0 else { preconditionFailure("no pipe: \(errno)") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
        // A session of its own: Ctrl-C in the terminal is for the tests.
        let words = ["setsid", "sh", "-c", self.script, "reaper", mark, folder]
        var vector: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, "setsid", &actions, nil, &vector, environ)
        precondition(code == 0, "no shell: \(code)")
        for word in vector { free(word) }
        posix_spawn_file_actions_destroy(&actions)
        // The other end stays open while this process lives.
        close(ends[0])
    }
}
