import FoundationEssentials
import Logging
import ServiceLifecycle
import Transfer

/// Sends events to the webhook endpoint until it answers 2xx: many at once, in the order of creation, with a new signature for each attempt.
actor WebhookSender: Service {
    /// The limit of simultaneous attempts.
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

    /// Sets the ledger, whose events are sent and which records the results.
    func serve(_ ledger: Ledger) { self.ledger = ledger }

    /// The numbers of waiting events and of attempts in progress.
    var depth: (waiting: Int, underWay: Int) { (self.queue.count, self.underWay) }

    /// Adds events to deliver.
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

    /// Drops waiting events, and resets the mode.
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

    /// The next delivery, once it is due and an attempt is free; nil when the task is cancelled.
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

    /// One attempt with all its copies; true if the endpoint accepted one of them.
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

    /// The machine's clock: the ledger's clock offset must not delay deliveries.
    private static var milliseconds: Int { Int(Date().timeIntervalSince1970 * 1000) }
}
