import FoundationEssentials
import Logging
import ServiceLifecycle
import Transfer

/// Sends events to the webhook: signed afresh at each attempt, many at once, begun in the order of creation, again and again until a 2xx.
actor WebhookSender: Service {
    /// Attempts that may be under way at once.
    static let concurrency = 32

    private(set) var mode: WebhookMode
    private let initialMode: WebhookMode
    private let secrets: [String]
    private let client: HTTPClient
    private let logger: Logger
    private let bell = Bell()
    private var queue = DeliveryQueue()
    private var underWay = 0
    private var ledger: Ledger?

    init(mode: WebhookMode, secrets: [String], client: HTTPClient, logger: Logger) {
        self.mode = mode
        self.initialMode = mode
        self.secrets = secrets
        self.client = client
        self.logger = logger
    }

    /// Whose events are sent, and who hears how it went.
    func serve(_ ledger: Ledger) { self.ledger = ledger }

    /// Events that wait, and attempts under way.
    var depth: (waiting: Int, underWay: Int) { (self.queue.count, self.underWay) }

    /// Takes events that are to be delivered.
    func enqueue(_ events: [Event]) {
        guard self.mode.url != nil else { return }
        let now = Self.milliseconds
        for event in events {
            self.queue.insert(
                .init(
                    eventID: event.id, subject: event.subject, serial: event.serial, since: now, due: now + Int(self.mode.delay * 1000),
                    attempts: event.attempts))
        }
        self.bell.ring()
    }

    func change(_ parameters: Parameters) throws(StripeError) {
        var parameters = parameters
        var mode = self.mode
        try mode.change(&parameters)
        if mode.url != nil && self.secrets.isEmpty { throw .badRequest("The double was started without STRIPE_WEBHOOK_SECRET: it cannot sign.") }
        self.mode = mode
        self.bell.ring()
    }

    /// Drops what waits, and delivers as at the start.
    func reset() {
        self.queue.removeAll()
        self.mode = self.initialMode
        self.bell.ring()
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { attempts in
                while let delivery = await self.next() {
                    attempts.addTask { await self.attempt(delivery) }
                }
                attempts.cancelAll()
            }
        }
    }

    /// The next delivery, once it is due and there is room for it; nil when the task is cancelled.
    private func next() async -> DeliveryQueue.Delivery? {
        while !Task.isCancelled {
            let now = Self.milliseconds
            if self.mode.isPaused || self.mode.url == nil || self.underWay >= Self.concurrency {
                await self.bell.wait()
            } else if let delivery = self.mode.isShuffled ? self.queue.popAny(dueBy: now) : self.queue.pop(dueBy: now) {
                self.underWay += 1
                return delivery
            } else {
                await self.bell.wait(for: self.queue.nextDue.map { .milliseconds($0 - now) })
            }
        }
        return nil
    }

    private func attempt(_ delivery: DeliveryQueue.Delivery) async {
        let succeeded = await self.send(delivery.eventID)
        self.underWay -= 1
        if !succeeded && Self.milliseconds - delivery.since < WebhookMode.lifetime * 1000 {
            var again = delivery
            again.attempts += 1
            again.due = Self.milliseconds + Int(self.mode.backoff(after: again.attempts) * 1000)
            self.queue.insert(again)
        }
        self.queue.finish(delivery)
        self.bell.ring()
    }

    /// One attempt, with all its copies; true if one of them was taken.
    private func send(_ eventID: String) async -> Bool {
        guard let ledger = self.ledger, let event = await ledger.eventToDeliver(eventID) else { return true }
        guard let url = self.mode.url else { return false }
        let body = event.json.text
        let mode = self.mode
        let signature = WebhookSignature.header(body, secrets: self.secrets, at: await ledger.now)
        let succeeded = await WebhookPost(url: url, body: body, signature: signature).isTaken(
            by: self.client, copies: mode.copies, timeout: .seconds(mode.timeout))
        if !succeeded {
            self.logger.debug(
                "Webhook was not taken", metadata: ["event": "\(event.id)", "type": "\(event.type)", "attempt": "\(event.attempts + 1)"])
        }
        try? await ledger.noteDelivery(of: eventID, succeeded: succeeded)
        return succeeded
    }

    /// The machine's clock: an offset of the ledger's must not hold deliveries up.
    private static var milliseconds: Int { Int(Date().timeIntervalSince1970 * 1000) }
}
