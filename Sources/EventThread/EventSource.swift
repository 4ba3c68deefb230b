import Synchronization

/// What one actor has of an ``EventThread``: a descriptor that it polls, and a turn of its own; or, without a shared thread, all of it.
public final class EventSource: Sendable {
    /// Where the actor runs.
    public let thread: EventThread
    private let ownsThread: Bool
    private let id: UInt
    private let due = DueFlag()

    /// A source on a thread that others are on too, or on one of its own.
    /// - Parameters:
    ///   - name: of a thread of its own.
    ///   - thread: the one to share; nil for one of its own.
    public init(name: String, sharing thread: EventThread?) {
        self.ownsThread = thread == nil
        self.thread = thread ?? EventThread(name: name)
        self.id = self.thread.makeID()
    }

    /// Sets what each turn does, from the next one on; nil for nothing. Callable from any thread.
    ///
    /// The closure gets what the descriptor of its last ``EventThread/Wait`` was found ready for. It must hold its actor weakly, since the running
    /// thread holds the closure: `source.onTurn { [weak self] in self?.assumeIsolated { $0.turn() } ?? .wait(.init()) }`.
    public func onTurn(_ turn: EventThread.TurnBody?) { self.thread.setTurn(self.id, self.due, turn) }

    /// Makes the thread take this source's turn soon: whoever changes what the source would do or wait for says so. Callable from any thread; cheap
    /// while the thread is awake.
    public func wake() {
        self.due.set()
        self.thread.wake()
    }

    /// Takes no more turns, and ends the thread if it is its own. Saying it twice is harmless.
    public func stop() {
        if self.ownsThread { self.thread.stop() } else { self.thread.setTurn(self.id, self.due, nil) }
    }
}

/// An ``EventThread`` as the executor that tasks prefer (SE-0417): `withTaskExecutorPreference(EventThreadTasks(thread)) { … }`.
///
/// What they do between their calls of the thread's actors then costs no hop. It must not block, nor compute for long: the thread's sockets wait.
public final class EventThreadTasks: TaskExecutor {
    private let thread: EventThread

    /// The tasks of a thread, which is not stopped by it.
    public init(_ thread: EventThread) { self.thread = thread }

    /// Runs the job on the thread.
    public func enqueue(_ job: consuming ExecutorJob) {
        self.thread.enqueue(EventThread.Job(job: UnownedJob(job), executor: unsafe self.asUnownedTaskExecutor()))
    }
}
