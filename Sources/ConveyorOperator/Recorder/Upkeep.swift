import Conveyor
import Logging
import Postgres
import RabbitMQ
import ServiceLifecycle

/// The recorder's work every few seconds: the queues' depths for Prometheus and charts, delayed messages, and edited messages
/// whose process died before publishing. The maintenance of the tables is a schedule.
struct Upkeep: Service {
    let board: QueueBoard
    let pool: PostgresPool
    let publisher: Publisher
    let retentionDays: Int
    /// `QUEUE_LIMIT`
    let queueLimit: Int
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await self.each(.seconds(1), "delayed messages") {
                        try await DelayedMessages(pool: self.pool, definitions: self.board.definitions).publishDue(self.publisher)
                    }
                }
                group.addTask { await self.each(.seconds(5), "queue depths") { try await self.measureQueues() } }
                group.addTask { await self.each(.seconds(5), "edited messages") { try await self.publishLeftovers() } }
            }
        }
    }

    private func each(_ interval: Duration, _ name: String, _ work: () async throws -> Void) async {
        while !Task.isCancelled {
            do { try await work() } catch { self.logger.warning("\(name): \(error)") }
            do { try await Task.sleep(for: interval) } catch { return }
        }
    }

    /// Creates the upcoming weeks of the partitioned tables, and drops expired ones.
    var schedule: Schedule {
        Schedule("tables.partitions", .every(.seconds(3600)), runsAtStart: true) {
            try await self.board.forgetOld()
            let rows = try await self.pool.query("select maintain_partitions($1)", Int32(self.retentionDays))
            if try rows.decode(Bool.self).first == true { return .done() }
            // Waiting for a long reader with the table locked would stop all work.
            return .done("a reader is in the way, see pg_stat_activity", again: .seconds(30))
        }
    }

    private func measureQueues() async throws {
        let (queues, states) = try await self.board.note()
        for queue in queues {
            Metrics.queueMessages(queue: queue.name, state: "ready", count: queue.ready)
            Metrics.queueMessages(queue: queue.name, state: "unacked", count: queue.unacked)
            Metrics.queueMessages(queue: queue.name, state: "retrying", count: queue.retrying)
            Metrics.queueMessages(queue: queue.name, state: "dead", count: queue.dead)
            let limit = min(self.queueLimit, states.first { $0.name == queue.name }?.lengthLimit ?? .max)
            Metrics.queueState(queue: queue.name, consumers: queue.consumers, isPaused: queue.paused, limit: limit)
            if let oldest = queue.oldestSeconds { Metrics.queueOldest(queue: queue.name, seconds: oldest) }
        }
        Metrics.queuesSeen()
        // The retry queues and those of dead letters, separately.
        let names = Set(self.board.definitions.queues.map(\.name)).subtracting(queues.map(\.name))
        for state in states where names.contains(state.name) {
            Metrics.queueMessages(queue: state.name, state: "ready", count: state.ready ?? 0)
            Metrics.queueMessages(queue: state.name, state: "unacked", count: state.unacked ?? 0)
        }
    }

    private func publishLeftovers() async throws {
        let count = try await Replacement.publishLeftovers(self.pool, self.publisher)
        if count > 0 { self.logger.notice("\(count) edited messages were published late: their process died before it could") }
    }
}
