import Kit
import Logging
import Postgres
import ServiceLifecycle

/// What someone must do every now and then: the tables' weeks, and the queues' depths for Prometheus.
struct Upkeep: Service {
    let pool: PostgresPool
    let api: ManagementAPI
    let definitions: Definitions
    let retentionDays: Int
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.each(.seconds(3600), "partitions") { try await self.maintainPartitions() } }
                group.addTask { await self.each(.seconds(5), "queue depths") { try await self.measureQueues() } }
            }
        }
    }

    private func each(_ interval: Duration, _ name: String, _ work: () async throws -> Void) async {
        while !Task.isCancelled {
            do { try await work() } catch { self.logger.warning("\(name): \(error)") }
            do { try await Task.sleep(for: interval) } catch { return }
        }
    }

    private func maintainPartitions() async throws {
        try await self.pool.query("select maintain_partitions($1)", Int32(self.retentionDays))
    }

    private func measureQueues() async throws {
        for queue in try await self.api.queues() where self.definitions.queues.contains(where: { $0.name == queue.name }) {
            Metrics.queueMessages(queue: queue.name, state: "ready", count: queue.ready ?? 0)
            Metrics.queueMessages(queue: queue.name, state: "unacked", count: queue.unacked ?? 0)
        }
    }
}
