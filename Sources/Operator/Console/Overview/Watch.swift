import Kit
import Postgres
import ServiceLifecycle
import Synchronization

/// Looks at the broker and the database every few seconds, however many pages are open, and keeps the last hour.
final class Watch: Service {
    private struct Seen {
        var state = SystemState(at: 0)
        var history = History()
        var look: Task<SystemState, Never>?
    }

    private let queues: QueueBoard
    private let api: ManagementAPI
    private let deadLetters: DeadLetterStore
    private let interval: Duration
    private let seen = Mutex(Seen())

    init(queues: QueueBoard, api: ManagementAPI, deadLetters: DeadLetterStore, interval: Duration = .seconds(4)) {
        self.queues = queues
        self.api = api
        self.deadLetters = deadLetters
        self.interval = interval
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                _ = await self.look()
                try? await Task.sleep(for: self.interval)
            }
        }
    }

    /// How it is now: what was seen within the last second, or a new look.
    func current() async -> SystemState {
        let state = self.seen.withLock { $0.state }
        return Clock.milliseconds() - state.at < 1000 ? state : await self.look()
    }

    /// What was seen last, without looking.
    var latest: SystemState { self.seen.withLock { $0.state } }

    /// The last hour.
    var history: History { self.seen.withLock { $0.history } }

    /// Looks now. Whoever asks while somebody looks gets what that one sees.
    func look() async -> SystemState {
        let task = self.seen.withLock { seen in
            if let look = seen.look { return look }
            let look = Task { await self.observe() }
            seen.look = look
            return look
        }
        return await task.value
    }

    private func observe() async -> SystemState {
        var state = SystemState(at: Clock.milliseconds())
        do {
            async let clients = self.api.clients()
            async let alarms = self.api.alarms()
            state.queues = try await self.queues.all()
            (state.clients, state.alarms) = try await (clients, alarms)
        } catch let error as PostgresError {
            state.databaseProblem = error.message
        } catch {
            state.brokerProblem = "\(error)"
        }
        do {
            (state.openDeadLetters, state.openGroups) = try await self.deadLetters.countOpen()
        } catch {
            state.databaseProblem = (error as? PostgresError)?.message ?? "\(error)"
        }
        self.seen.withLock { seen in
            seen.state = state
            seen.look = nil
            seen.history.add(
                state.queues.map { queue in
                    History.Sample(
                        at: state.at, queue: queue.name, waiting: Double(queue.ready + queue.unacked), retrying: Double(queue.retrying),
                        dead: Double(queue.dead), publishRate: queue.publishRate, deliverRate: queue.deliverRate)
                })
        }
        return state
    }
}
