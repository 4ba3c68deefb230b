public import Postgres
public import RabbitMQ

/// Values that are read when the metrics are requested.
extension Metrics {
    /// `conveyor_database_pool_connections`: the number of connections that are `idle`, `used` and `connecting`, and of callers that are `waiting`.
    public static func observe(_ pool: PostgresPool) {
        PrometheusMetrics.shared.collect { [weak pool] in
            guard let counts = pool?.counts else { return }
            self.databasePool(state: "idle", count: counts.idle)
            self.databasePool(state: "used", count: counts.used)
            self.databasePool(state: "connecting", count: counts.connecting)
            self.databasePool(state: "waiting", count: counts.waiting)
        }
    }

    /// `conveyor_broker_connected{connection="publisher"}` and `conveyor_broker_blocked`.
    public static func observe(_ publisher: Publisher) {
        PrometheusMetrics.shared.collect { [weak publisher] in
            guard let publisher else { return }
            self.brokerConnected("publisher", publisher.isConnected)
            self.brokerBlocked(publisher.isBlocked)
        }
    }

    /// `conveyor_broker_connected{connection="consumer"}`.
    /// - Parameter name: a name other than `consumer`, if the process has several.
    public static func observe(_ consumer: Consumer, as name: String = "consumer") {
        PrometheusMetrics.shared.collect { [weak consumer] in
            guard let consumer else { return }
            self.brokerConnected(name, consumer.isConnected)
        }
    }
}

extension Publisher {
    /// Like `publish(_:)`, with `conveyor_publish_confirm_seconds` and `conveyor_publish_failures_total`.
    public func publishMeasured(_ message: Outgoing) async throws(PublishFailure) {
        let started = ContinuousClock.now
        do {
            try await self.publish(message)
        } catch {
            Metrics.publishFailed(reason: "\(error)")
            throw error
        }
        Metrics.publishConfirm(seconds: (ContinuousClock.now - started).seconds)
    }

    /// Like `publish(_:)` of a batch, with `conveyor_publish_confirm_seconds` and `conveyor_publish_failures_total`.
    public func publishMeasured(_ batch: [Outgoing]) async -> [PublishFailure?] {
        let started = ContinuousClock.now
        let failures = await self.publish(batch)
        var failed = 0
        for case let failure? in failures {
            failed += 1
            Metrics.publishFailed(reason: "\(failure)")
        }
        Metrics.publishConfirm(seconds: (ContinuousClock.now - started).seconds, count: failures.count - failed)
        return failures
    }
}
