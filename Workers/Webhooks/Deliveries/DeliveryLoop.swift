import FoundationEssentials
import Conveyor
import Logging
import Postgres
import RabbitMQ
import ServiceLifecycle
import Shop
import Synchronization

/// Sends due deliveries while the worker runs: many at once, but only a few to each endpoint, so that none delays another.
///
/// Sends a delivery, then records the result. If the process dies in between, another one sends the delivery again after the end of the lease, under
/// the same `webhook-id`.
final class DeliveryLoop: Service {
    private let store: DeliveryStore
    private let sender: DeliverySender
    private let limits: DeliveryLimits
    private let ladder: RetryLadder
    private let publisher: Publisher
    private let logger: Logger
    private let inFlight = Mutex(0)
    private let isStopping = Atomic(false)

    /// The interval between looks for due deliveries.
    private static let pause = Duration.milliseconds(200)
    /// The limit of a partner's `Retry-After`.
    private static let longestWait = Duration.seconds(366 * 86_400)

    init(store: DeliveryStore, sender: DeliverySender, limits: DeliveryLimits, ladder: RetryLadder, publisher: Publisher, logger: Logger) {
        self.store = store
        self.sender = sender
        self.limits = limits
        self.ladder = ladder
        self.publisher = publisher
        self.logger = logger
    }

    /// At graceful shutdown it starts no further deliveries and waits for those in progress.
    func run() async throws {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.tick(wake) }
                for await _ in wakes {
                    if self.isStopping.load(ordering: .acquiring) { break }
                    let room = DeliveryLimits.inFlight - self.inFlight.withLock { $0 }
                    guard room > 0 else { continue }
                    do {
                        for delivery in try await self.store.claim(upTo: room) {
                            self.inFlight.withLock { $0 += 1 }
                            group.addTask {
                                await self.deliver(delivery)
                                self.inFlight.withLock { $0 -= 1 }
                                // Its slot is free for the next one.
                                wake.yield()
                            }
                        }
                    } catch {
                        self.logger.debug("due deliveries cannot be read: \(error)")
                    }
                }
            }
        } onGracefulShutdown: {
            self.isStopping.store(true, ordering: .releasing)
            wake.yield()
        }
    }

    private func tick(_ wake: AsyncStream<Void>.Continuation) async {
        while !self.isStopping.load(ordering: .acquiring), !Task.isCancelled {
            wake.yield()
            try? await Task.sleep(for: Self.pause)
        }
    }

    private func deliver(_ delivery: DueDelivery) async {
        do {
            let outcome = try await self.sender.send(delivery)
            Metrics.call(
                kind: "webhook", name: delivery.endpointID.description, outcome: outcome.isDelivered ? "succeeded" : "failed",
                seconds: Double(outcome.milliseconds) / 1000)
            if outcome.isDelivered { return try await self.store.delivered(delivery, outcome) }
            let isGone = outcome.status == 410
            // Before the result is recorded, so that it is repeated if the process dies in between.
            if try await self.store.fails(delivery.endpointID) || isGone {
                try await self.switchOff(delivery, reason: isGone ? "gone" : "failing")
            }
            try await self.store.failed(delivery, outcome, retryIn: self.wait(after: delivery.failures + 1, outcome), mayRetry: !isGone)
        } catch is CancellationError {
            // Another attempt follows after the end of the lease.
        } catch {
            self.logger.warning("a delivery will be sent again: its result was not recorded: \(error)", metadata: ["delivery_id": "\(delivery.id)"])
        }
    }

    /// The delay by the retry schedule, whose last step repeats; longer if the endpoint asks for it.
    private func wait(after attempt: Int, _ outcome: DeliveryOutcome) -> Int {
        // One in five waits a step longer, so that deliveries that failed together are not repeated together.
        let step = self.ladder.step(afterAttempt: attempt, chance: .random(in: 0..<1))
        return max(step, outcome.retryAfter.map { Int(clamping: min($0, Self.longestWait).components.seconds) } ?? 0)
    }

    private func switchOff(_ delivery: DueDelivery, reason: String) async throws {
        let command = SwitchOffWebhookEndpoint(endpointID: delivery.endpointID, reason: reason)
        let now = Clock.milliseconds()
        // The same id if this attempt is repeated.
        let id = delivery.id.derived("off/\(delivery.attempts)")
        let envelope = Envelope(
            messageID: id, type: SwitchOffWebhookEndpoint.type, actor: "system", schema: command.version, sentAt: now)
        try await self.publisher.publish(Outgoing(command, envelope: envelope, appID: "webhooks"))
    }
}
