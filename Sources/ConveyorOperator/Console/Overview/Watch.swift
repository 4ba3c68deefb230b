import Conveyor
import Postgres
import ServiceLifecycle
import Synchronization

/// Polls the broker and the database every few seconds, however many pages are open.
///
/// A page never waits long for it: a hanging broker must not block the console.
final class Watch: Service {
    private struct Seen {
        var state = SystemState(at: 0)
        var isLooking = false
    }

    private let queues: QueueBoard
    private let deadLetters: DeadLetterStore
    private let interval: Duration
    private let seen = Mutex(Seen())

    /// An older state must not be shown as current.
    private static let stale: Int64 = 15_000

    init(queues: QueueBoard, deadLetters: DeadLetterStore, interval: Duration = .seconds(4)) {
        self.queues = queues
        self.deadLetters = deadLetters
        self.interval = interval
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                self.look()
                try? await Task.sleep(for: self.interval)
            }
        }
    }

    /// Open dead letters, as far as known.
    var openDeadLetters: Int? { self.seen.withLock { $0.state.openDeadLetters } }

    /// The current state, or that of a moment ago.
    func current() async -> SystemState { await self.state(since: Clock.milliseconds() - 1000) }

    /// The state after this call, which includes the operator's last action.
    func afterwards() async -> SystemState { await self.state(since: Clock.milliseconds()) }

    private func state(since time: Int64, patience: Duration = .seconds(2)) async -> SystemState {
        let deadline = ContinuousClock.now + patience
        while true {
            let state = self.seen.withLock { $0.state }
            if state.at >= time { return state }
            guard ContinuousClock.now < deadline, !Task.isCancelled else { return self.outdated(state) }
            self.look()
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    private func outdated(_ state: SystemState) -> SystemState {
        guard Clock.milliseconds() - state.at > Self.stale else { return state }
        var state = state
        state.at = Clock.milliseconds()
        state.brokerProblem = state.brokerProblem ?? "no answer"
        return state
    }

    /// Starts a poll, unless one is running.
    private func look() {
        let isLooking = self.seen.withLock { seen in
            defer { seen.isLooking = true }
            return seen.isLooking
        }
        guard !isLooking else { return }
        Task {
            let state = await self.observe()
            self.seen.withLock { $0 = Seen(state: state) }
        }
    }

    private func observe() async -> SystemState {
        var state = SystemState(at: Clock.milliseconds())
        async let open = self.deadLetters.countOpen()
        do {
            async let clients = self.queues.api.clients()
            async let alarms = self.queues.api.alarms()
            state.queues = try await self.queues.all()
            (state.clients, state.alarms) = try await (clients, alarms)
        } catch let error as PostgresError {
            state.databaseProblem = error.message
        } catch {
            state.brokerProblem = "\(error)"
        }
        do {
            (state.openDeadLetters, state.openGroups) = try await open
        } catch {
            state.databaseProblem = (error as? PostgresError)?.message ?? "\(error)"
        }
        return state
    }
}
