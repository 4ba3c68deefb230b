import CLinux
import Glibc
import Synchronization

/// An actor's serial executor that is one POSIX thread, and that polls the one descriptor its actor owns.
///
/// It exists for C libraries whose calls may block and whose handles belong to one thread at a time. The actor declares
/// `nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }`; from then on all of its code, the
/// C calls included, runs on this thread, in order, and never on the cooperative pool.
///
/// The thread goes round in turns: it runs the jobs that have been enqueued, then calls the turn closure (``onTurn(_:)``), which does
/// what the descriptor allows and answers how to wait for the next turn. A turn costs two locks; a wake-up costs a system call only
/// when the thread really sleeps.
///
/// The thread starts with the first job or turn and ends with ``stop()``. A job that comes after that still runs, on a thread that is
/// started for it, so no task is ever left hanging. Whoever makes an `EventThread` must stop it: the running thread keeps it alive.
public final class EventThread: SerialExecutor {
    /// What a turn answers.
    public enum Turn: Sendable {
        /// There is more to do: run what has been enqueued and take the next turn at once.
        case again
        /// Sleep until the descriptor is ready, a job or ``EventThread/wake()`` comes, or the time is over.
        case wait(Wait)
        /// Sleep in a poll of the library's own (`curl_multi_poll`). The closure gets the wake-up descriptor, which it must poll for
        /// reading beside its own ones, and returns when any of them is ready or its time is over; it must not read from it.
        case waitUsing(@Sendable (_ wakeUpDescriptor: CInt) -> Void)
    }

    /// What the thread waits for between two turns.
    public struct Wait: Sendable {
        /// The descriptor to poll; negative for none.
        public var descriptor: CInt
        /// What to poll it for. Hang-up and errors are always reported, as both.
        public var events: Readiness
        /// When to wake up all the same; nil for never.
        public var timeout: Duration?

        /// Waits for `events` on `descriptor`, at most for `timeout`.
        public init(descriptor: CInt = -1, events: Readiness = .readable, timeout: Duration? = nil) {
            self.descriptor = descriptor
            self.events = events
            self.timeout = timeout
        }
    }

    private struct State {
        var jobs: [UnownedJob] = []
        var turn: (@Sendable (Readiness) -> Turn)?
        var isStopping = false
        var isRunning = false

        /// Whether the caller has to start the thread.
        mutating func start() -> Bool {
            defer { self.isRunning = true }
            return !self.isRunning
        }

        /// Whether the thread may end: it was told to, and nothing is left to do.
        mutating func end() -> Bool {
            guard self.isStopping, self.jobs.isEmpty else { return false }
            self.isRunning = false
            return true
        }
    }

    /// Whether a wake-up has to be written to the eventfd.
    private enum Sleep {
        static let awake: UInt8 = 0
        static let asleep: UInt8 = 1
        static let notified: UInt8 = 2
    }

    private let name: String
    private let wakeUpDescriptor: CInt
    private let state = Mutex(State())
    private let sleep = Atomic<UInt8>(Sleep.awake)
    private let threadID = Atomic<UInt>(0)

    /// An executor whose thread has not started yet.
    /// - Parameter name: The thread's name for `top -H` and debuggers; Linux keeps its first 15 bytes.
    public init(name: String) {
        self.name = name
        self.wakeUpDescriptor = clinux_eventfd()
        precondition(self.wakeUpDescriptor >= 0, "no descriptor is left for an eventfd")
    }

    deinit { close(self.wakeUpDescriptor) }

    /// Sets what each turn does, from the next one on; nil for nothing. Callable from any thread.
    ///
    /// The closure gets what the descriptor of the last ``Wait`` was found ready for. It must hold its actor weakly, since the running
    /// thread holds the closure: `thread.onTurn { [weak self] in self?.assumeIsolated { $0.turn() } ?? .wait(.init()) }`.
    public func onTurn(_ turn: (@Sendable (Readiness) -> Turn)?) {
        let mustStart = self.state.withLock { state in
            state.turn = turn
            return state.start()
        }
        mustStart ? self.startThread() : self.wake()
    }

    /// Makes the thread take a turn soon. Callable from any thread; cheap while the thread is awake.
    public func wake() {
        if self.sleep.exchange(Sleep.notified, ordering: .sequentiallyConsistent) == Sleep.asleep {
            clinux_eventfd_signal(self.wakeUpDescriptor)
        }
    }

    /// Ends the thread once the jobs that have been enqueued are done; the turn closure is not called again. Saying it twice is harmless.
    public func stop() {
        self.state.withLock { state in
            state.isStopping = true
            state.turn = nil
        }
        self.wake()
    }

    /// Runs the job on the thread, after those that came before it.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let mustStart = self.state.withLock { state in
            state.jobs.append(job)
            return state.start()
        }
        mustStart ? self.startThread() : self.wake()
    }

    /// Traps on any other thread.
    public func checkIsolated() {
        precondition(self.isOnThread, "not on the thread \(self.name)")
    }

    /// Whether the caller is on the thread.
    public func isIsolatingCurrentContext() -> Bool? { self.isOnThread }

    private var isOnThread: Bool { self.threadID.load(ordering: .relaxed) == UInt(pthread_self()) }
}

extension EventThread {
    private func startThread() {
        var thread = pthread_t()
        // The thread owns one reference to the executor for as long as it runs.
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<EventThread>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        precondition(code == 0, "the system refuses another thread (\(code))")
        pthread_detach(thread)
    }

    private func run() {
        unsafe self.name.withCString { unsafe clinux_thread_name($0) }
        self.threadID.store(UInt(pthread_self()), ordering: .relaxed)
        var jobs: [UnownedJob] = []
        var ready: Readiness = []
        while true {
            // Before the mailboxes are looked at: a wake-up that comes from here on is seen by the compare-exchange below.
            self.sleep.store(Sleep.awake, ordering: .sequentiallyConsistent)
            let (turn, isEnding) = self.state.withLock { state in
                swap(&state.jobs, &jobs)
                guard jobs.isEmpty, state.end() else { return (state.turn, false) }
                // Under the lock, so that it never undoes the identity of a thread that comes after this one.
                self.threadID.store(0, ordering: .relaxed)
                return (nil, true)
            }
            if isEnding { return }
            let executor = unsafe self.asUnownedSerialExecutor()
            for job in jobs { unsafe job.runSynchronously(on: executor) }
            jobs.removeAll(keepingCapacity: true)

            let next = turn?(ready) ?? .wait(Wait())
            ready = []
            if case .again = next { continue }
            guard self.sleep.compareExchange(expected: Sleep.awake, desired: Sleep.asleep, ordering: .sequentiallyConsistent).exchanged
            else { continue }
            switch next {
            case .again: break
            case .wait(let wait): ready = self.wait(wait)
            case .waitUsing(let body): body(self.wakeUpDescriptor)
            }
            // Only a wake-up that found the thread asleep has written to the eventfd.
            if self.sleep.exchange(Sleep.awake, ordering: .sequentiallyConsistent) == Sleep.notified {
                clinux_eventfd_drain(self.wakeUpDescriptor)
            }
        }
    }

    private func wait(_ wait: Wait) -> Readiness {
        Readiness.poll(wait.descriptor, for: wait.events, or: self.wakeUpDescriptor, timeout: wait.timeout)
    }
}
