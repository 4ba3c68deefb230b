import CLinux
import Glibc
import Synchronization

/// One POSIX thread as an executor of actors and tasks, which also polls the descriptors of the ``EventSource``s that are on it.
///
/// It exists for C libraries whose handles belong to one thread at a time. An actor that owns such a handle has an ``EventSource`` and declares
/// `nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe source.thread.asUnownedSerialExecutor() }`; from then on all of its code, the C
/// calls included, runs on this thread, in order, and never on the cooperative pool.
///
/// Several sources may share a thread, and tasks may prefer it (``EventThreadTasks``): then a message goes from the broker's socket through
/// its handler to the database's socket and back on one thread. Each hop between threads would cost two context switches, and on an idle
/// machine the time in which a processor wakes up. Nothing that shares a thread may block it.
///
/// The thread loops in turns: it runs the enqueued jobs, then calls the turn of each source that was woken, is ready, or has reached its
/// timeout. A turn does what its descriptor allows and answers how to wait for the next one. A wake-up costs a system call only
/// while the thread sleeps.
///
/// The thread starts with the first job or turn and ends with ``stop()``. A job that is enqueued later still runs, on a new thread, so no
/// task hangs. The owner of an `EventThread` must stop it: the running thread retains it.
public final class EventThread: SerialExecutor {
    /// The thread's next step after a turn.
    public enum Turn: Sendable {
        /// There is more to do: run the enqueued jobs and call the next turn at once.
        case again
        /// Sleep until the descriptor is ready, ``EventSource/wake()`` is called, or the time is over.
        case wait(Wait)
        /// Sleep in the poll function of a C library (`curl_multi_poll`); only for a source that has the thread to itself. The closure receives the
        /// wake-up descriptor, polls it for reading beside its own descriptors without reading from it, and returns when one of them is ready or its
        /// timeout has passed.
        case waitUsing(@Sendable (_ wakeUpDescriptor: CInt) -> Void)
    }

    /// The events that a source waits for between two turns.
    public struct Wait: Sendable {
        /// The descriptor to poll; negative for none.
        public var descriptor: CInt
        /// The events to poll for. Hang-up and errors are always reported, as readable and writable.
        public var events: Readiness
        /// The latest time to wake up without an event; nil for never.
        public var timeout: Duration?

        /// Waits for `events` on `descriptor`, at most for `timeout`.
        public init(descriptor: CInt = -1, events: Readiness = .readable, timeout: Duration? = nil) {
            self.descriptor = descriptor
            self.events = events
            self.timeout = timeout
        }
    }

    /// The work of one turn; it receives the readiness of its descriptor.
    public typealias TurnBody = @Sendable (Readiness) -> Turn

    /// A source's turn.
    struct Place {
        let id: UInt
        let due: DueFlag
        var body: TurnBody
    }

    struct Job {
        let job: UnownedJob
        /// nil if the job belongs to an actor.
        let executor: UnownedTaskExecutor?
    }

    private struct State {
        var jobs: [Job] = []
        var turns: [Place] = []
        /// The number of changes of `turns`.
        var edition = 0
        var nextID: UInt = 0
        var isStopping = false
        var isRunning = false

        /// Whether the caller has to start the thread.
        mutating func start() -> Bool {
            defer { self.isRunning = true }
            return !self.isRunning
        }

        /// Whether the thread may end: it has been stopped, and no job is left.
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
    /// The eventfd that ends the thread's sleep.
    let wakeUpDescriptor: CInt
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

    /// Ends the thread's sleep. Callable from any thread; cheap while the thread is awake.
    func wake() {
        if self.sleep.exchange(Sleep.notified, ordering: .sequentiallyConsistent) == Sleep.asleep {
            clinux_eventfd_signal(self.wakeUpDescriptor)
        }
    }

    /// Ends the thread after the enqueued jobs; no further turn runs. A second call does nothing.
    public func stop() {
        self.state.withLock { state in
            state.isStopping = true
            state.turns = []
            state.edition += 1
        }
        self.wake()
    }

    /// Runs the job on the thread, after the jobs enqueued before it.
    public func enqueue(_ job: consuming ExecutorJob) { self.enqueue(Job(job: UnownedJob(job), executor: nil)) }

    func enqueue(_ job: Job) {
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

// MARK: Sources

extension EventThread {
    /// A source's name among the thread's.
    func makeID() -> UInt {
        self.state.withLock { state in
            defer { state.nextID += 1 }
            return state.nextID
        }
    }

    /// Sets what a source does at each turn, from the next one on; nil for nothing.
    func setTurn(_ id: UInt, _ due: DueFlag, _ body: TurnBody?) {
        let mustStart = self.state.withLock { state in
            let index = state.turns.firstIndex { $0.id == id }
            switch (index, body) {
            case (let index?, let body?): state.turns[index].body = body
            case (let index?, nil): state.turns.remove(at: index)
            // After `stop()` no turn is added.
            case (nil, let body?): if !state.isStopping { state.turns.append(Place(id: id, due: due, body: body)) }
            case (nil, nil): return false
            }
            state.edition += 1
            return body == nil ? false : state.start()
        }
        mustStart ? self.startThread() : self.wake()
    }
}

// MARK: The thread

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
        var jobs: [Job] = []
        var turns: [Place] = []
        var edition = -1
        var polling = Polling(wakeUpDescriptor: self.wakeUpDescriptor)
        var roundsWithoutPoll = 0
        while true {
            // Before the mailboxes are read: the compare-exchange below sees every wake-up from here on.
            self.sleep.store(Sleep.awake, ordering: .sequentiallyConsistent)
            let isEnding = self.state.withLock { state in
                swap(&state.jobs, &jobs)
                if edition != state.edition {
                    edition = state.edition
                    turns = state.turns
                    // Each source is asked again. No event is lost, since poll(2) is level-triggered.
                    polling.reset(count: turns.count)
                    for turn in turns { turn.due.set() }
                }
                guard jobs.isEmpty, state.end() else { return false }
                // Under the lock, so that it never overwrites the id of the next thread.
                self.threadID.store(0, ordering: .relaxed)
                return true
            }
            if isEnding { return }
            self.runJobs(&jobs)

            var isAgain = false
            var waiting: (@Sendable (CInt) -> Void)?
            for (index, turn) in turns.enumerated() {
                // Cleared in any case: this turn does the work of the wake-up.
                let isWoken = turn.due.take()
                guard isWoken || polling.isOver(index) else { continue }
                switch turn.body(polling.readiness(index)) {
                case .again:
                    isAgain = true
                    turn.due.set()
                    polling.set(index, Wait())
                case .wait(let wait): polling.set(index, wait)
                case .waitUsing(let body):
                    precondition(turns.count == 1, "a source that polls by itself needs a thread of its own")
                    waiting = body
                    turn.due.set()
                    polling.set(index, Wait())
                }
            }
            guard !isAgain, self.sleep.compareExchange(expected: Sleep.awake, desired: Sleep.asleep, ordering: .sequentiallyConsistent).exchanged
            else {
                roundsWithoutPoll += 1
                // An endless series of jobs must not starve the sockets.
                if roundsWithoutPoll.isMultiple(of: 64) { polling.poll(isBlocking: false) }
                continue
            }
            roundsWithoutPoll = 0
            if let waiting { waiting(self.wakeUpDescriptor) } else { polling.poll() }
            self.sleep.store(Sleep.awake, ordering: .sequentiallyConsistent)
            // By the descriptor, not by the state: a waker that saw the thread asleep may write late, and would end the next sleep.
            if waiting != nil || polling.isWoken { clinux_eventfd_drain(self.wakeUpDescriptor) }
        }
    }

    private func runJobs(_ jobs: inout [Job]) {
        let serial = unsafe self.asUnownedSerialExecutor()
        for job in jobs {
            if let executor = unsafe job.executor {
                unsafe job.job.runSynchronously(on: executor)
            } else {
                unsafe job.job.runSynchronously(on: serial)
            }
        }
        jobs.removeAll(keepingCapacity: true)
    }
}

/// Whether a source wants a turn; set by any thread.
final class DueFlag: Sendable {
    private let isDue = Atomic(true)

    func set() { self.isDue.store(true, ordering: .releasing) }

    func take() -> Bool { self.isDue.exchange(false, ordering: .acquiringAndReleasing) }
}
