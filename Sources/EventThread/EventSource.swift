import Synchronization

/// An actor's share of an ``EventThread``: one descriptor to poll and one turn. Without a shared thread, it has a thread of its own.
public final class EventSource: Sendable {
    /// The executor of the actor.
    public let thread: EventThread
    private let ownsThread: Bool
    private let id: UInt
    private let due = DueFlag()

    /// A source on a shared thread, or on a thread of its own.
    /// - Parameters:
    ///   - name: names the thread, if the source has its own.
    ///   - thread: the thread to share; nil starts one for this source alone.
    public init(name: String, sharing thread: EventThread?) {
        self.ownsThread = thread == nil
        self.thread = thread ?? EventThread(name: name)
        self.id = self.thread.makeID()
    }

    /// Sets the closure that each turn runs, from the next turn on; nil for none. Callable from any thread.
    ///
    /// The closure receives the readiness of the descriptor in its last ``EventThread/Wait``. It must hold its actor weakly, since the running
    /// thread retains the closure: `source.onTurn { [weak self] in self?.assumeIsolated { $0.turn() } ?? .wait(.init()) }`.
    public func onTurn(_ turn: EventThread.TurnBody?) { self.thread.setTurn(self.id, self.due, turn) }

    /// Makes the thread run this source's turn soon. Call it after each change that affects the next turn or its wait. Callable from any thread;
    /// cheap while the thread is awake.
    public func wake() {
        self.due.set()
        self.thread.wake()
    }

    /// Ends the turns, and the thread if the source owns it. A second call does nothing.
    public func stop() {
        if self.ownsThread { self.thread.stop() } else { self.thread.setTurn(self.id, self.due, nil) }
    }
}

/// Makes an ``EventThread`` the preferred executor of tasks (SE-0417): `withTaskExecutorPreference(EventThreadTasks(thread)) { … }`.
///
/// Their calls to the thread's actors then cost no hop. The tasks must neither block nor compute for long: the thread's sockets wait meanwhile.
public final class EventThreadTasks: TaskExecutor {
    private let thread: EventThread

    /// Tasks on `thread`, which its owner still has to stop.
    public init(_ thread: EventThread) { self.thread = thread }

    /// Runs the job on the thread.
    public func enqueue(_ job: consuming ExecutorJob) {
        self.thread.enqueue(EventThread.Job(job: UnownedJob(job), executor: unsafe self.asUnownedTaskExecutor()))
    }
}
