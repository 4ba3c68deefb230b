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
/// its handler to the database's socket and back without a hop between threads, each of which costs two context switches, and on an idle machine the
/// time that a processor needs to wake up. What shares a thread must not block it.
///
/// The thread goes round in turns: it runs the jobs that have been enqueued, then calls the turns of the sources that are due: woken, ready, or at
/// the end of their wait. A turn does what its descriptor allows and answers how to wait for the next one. A wake-up costs a system call only
/// when the thread really sleeps.
///
/// The thread starts with the first job or turn and ends with ``stop()``. A job that comes after that still runs, on a thread that is
/// started for it, so no task is ever left hanging. Whoever makes an `EventThread` must stop it: the running thread keeps it alive.
public final class EventThread: SerialExecutor {
    /// What a turn answers.
    public enum Turn: Sendable {
        /// There is more to do: run what has been enqueued and take the next turn at once.
        case again
        /// Sleep until the descriptor is ready, ``EventSource/wake()`` is called, or the time is over.
        case wait(Wait)
        /// Sleep in a poll of the library's own (`curl_multi_poll`); only for a source that has the thread to itself. The closure gets the wake-up
        /// descriptor, which it must poll for reading beside its own ones, and returns when any of them is ready or its time is over;
        /// it must not read from it.
        case waitUsing(@Sendable (_ wakeUpDescriptor: CInt) -> Void)
    }

    /// What a source waits for between two turns.
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

    /// Does what a source's descriptor, which was found ready for this, allows.
    public typealias TurnBody = @Sendable (Readiness) -> Turn

    /// A source's turn.
    struct Place {
        let id: UInt
        let due: DueFlag
        var body: TurnBody
    }

    struct Job {
        let job: UnownedJob
        /// nil: it is an actor's.
        let executor: UnownedTaskExecutor?
    }

    private struct State {
        var jobs: [Job] = []
        var turns: [Place] = []
        /// How often `turns` has changed.
        var edition = 0
        var nextID: UInt = 0
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

    /// Ends the thread once the jobs that have been enqueued are done; no turn is taken again. Saying it twice is harmless.
    public func stop() {
        self.state.withLock { state in
            state.isStopping = true
            state.turns = []
            state.edition += 1
        }
        self.wake()
    }

    /// Runs the job on the thread, after those that came before it.
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
            // Whoever is told to stop takes no more turns.
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
            // Before the mailboxes are looked at: a wake-up that comes from here on is seen by the compare-exchange below.
            self.sleep.store(Sleep.awake, ordering: .sequentiallyConsistent)
            let isEnding = self.state.withLock { state in
                swap(&state.jobs, &jobs)
                if edition != state.edition {
                    edition = state.edition
                    turns = state.turns
                    // All are asked anew what they wait for. What was ready still is: polls are level-triggered.
                    polling.reset(count: turns.count)
                    for turn in turns { turn.due.set() }
                }
                guard jobs.isEmpty, state.end() else { return false }
                // Under the lock, so that it never undoes the identity of a thread that comes after this one.
                self.threadID.store(0, ordering: .relaxed)
                return true
            }
            if isEnding { return }
            self.runJobs(&jobs)

            var isAgain = false
            var waiting: (@Sendable (CInt) -> Void)?
            for (index, turn) in turns.enumerated() {
                // Taken in any case: what a wake-up was for is done by this turn.
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
                // Jobs that go on and on must not keep the sockets waiting.
                if roundsWithoutPoll.isMultiple(of: 64) { polling.poll(isBlocking: false) }
                continue
            }
            roundsWithoutPoll = 0
            if let waiting { waiting(self.wakeUpDescriptor) } else { polling.poll() }
            self.sleep.store(Sleep.awake, ordering: .sequentiallyConsistent)
            // By what is there and not by the state: who found the thread asleep may be held up before it writes, and then ends the next sleep.
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
