import FoundationEssentials
import ServiceLifecycle
import Synchronization

/// The state of the double: all objects, events and kept answers. Only this actor changes them.
///
/// A call's work runs without a suspension and makes one line in the journal; its answer and its webhooks are sent only once that line is on
/// the disk.
actor Ledger: Service {
    var intents = Shelf<PaymentIntent>()
    var charges = Shelf<Charge>()
    var refunds = Shelf<Refund>()
    var disputes = Shelf<Dispute>()
    var methods = Shelf<PaymentMethod>()
    var events = Shelf<Event>()
    /// Ids by the PaymentIntent they belong to, in the order of creation.
    var chargesOfIntent: [String: [String]] = [:]
    var refundsOfIntent: [String: [String]] = [:]

    /// Events that the webhook endpoint has not accepted.
    private(set) var pendingEvents: Set<String> = []

    /// The double's URL for browsers: `http://127.0.0.1:12111`.
    private(set) var origin: String
    /// Whether a webhook address for new events is set.
    var hasWebhook: Bool
    var idempotency = Idempotency()
    var timers: [Int: Timer] = [:]
    /// Seconds added to the machine's clock.
    var clockOffset = 0.0
    /// Seconds until a bank transfer settles, a pending refund ends, or a dispute is opened.
    var settleAfter: Double
    private let initialSettleAfter: Double

    /// The present call: its id and key go into the events.
    var caller: Caller?
    /// The changes of the present turn: the next line of the journal.
    private var changes: [Entry] = []
    private var freshEvents: [Event] = []
    private var lastSerial = 0

    private let journal: Journal?
    private let bell = Bell()
    /// Receives new events in the order of creation, once they are on the disk.
    private var sender: WebhookSender?

    /// The request that caused an event.
    struct Caller: Sendable {
        var requestID: String
        var idempotencyKey: String?

        /// A request of a customer's browser.
        static var browser: Self { Self(requestID: Identifier.make("req", length: 14)) }
    }

    init(origin: String, hasWebhook: Bool, settleAfter: Double, journal: Journal?) {
        self.origin = origin
        self.hasWebhook = hasWebhook
        self.settleAfter = settleAfter
        self.initialSettleAfter = settleAfter
        self.journal = journal
    }

    /// Restores objects, keys, timers and undelivered events from the journal.
    func recover(deliveringThrough sender: WebhookSender) async {
        self.sender = sender
        await sender.serve(self)
        guard let journal = self.journal else { return }
        for entry in journal.takeRecovered().joined() { self.apply(entry) }
        journal.replace(with: self.snapshot)
        await sender.enqueue(self.events.all.filter(\.isPending))
    }

    /// Sets the URL for browsers, which is known only after binding to a free port.
    func listens(at origin: String) { self.origin = origin }

    func delivers(_ hasWebhook: Bool) { self.hasWebhook = hasWebhook }

    // MARK: Turns

    /// Does work without a suspension, then waits until its changes are on the disk, and passes its events to the sender.
    ///
    /// Reading calls wait too: they may have seen changes that are not on the disk yet.
    func turn<Result: Sendable>(by caller: Caller?, _ work: (isolated Ledger) -> Result) async throws -> Result {
        self.caller = caller
        let result = work(self)
        self.caller = nil
        let events = self.freshEvents
        self.freshEvents = []
        if let journal = self.journal {
            if !self.changes.isEmpty { _ = journal.append(self.changes) }
            if journal.isLong { journal.replace(with: self.snapshot) }
            self.changes = []
            try await journal.sync(to: journal.end)
        }
        self.changes = []
        if !events.isEmpty { await self.sender?.enqueue(events) }
        return result
    }

    /// A turn whose work may throw.
    func act<Value: Sendable>(
        by caller: Caller?, _ work: @Sendable (isolated Ledger) throws(StripeError) -> Value
    ) async throws(StripeError) -> Value {
        let result: Result<Value, StripeError>
        do {
            result = try await self.turn(by: caller) { ledger in
                do throws(StripeError) {
                    return .success(try work(ledger))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw .stateFile
        }
        return try result.get()
    }

    /// Executes due timers until the graceful shutdown.
    func run() async throws {
        try await cancelWhenGracefulShutdown { try await self.runTimers() }
    }

    private func runTimers() async throws {
        while !Task.isCancelled {
            let next = self.timers.values.min { ($0.due, $0.serial) < ($1.due, $1.serial) }
            if let next, next.due <= self.milliseconds {
                try await self.turn(by: nil) { ledger in
                    // Another turn may have executed or removed it in between.
                    guard ledger.timers[next.serial] != nil else { return }
                    ledger.remove(next)
                    ledger.fire(next.action)
                }
            } else {
                await self.bell.wait(for: next.map { .milliseconds($0.due - self.milliseconds) })
            }
        }
    }

    // MARK: Time and identity

    /// Unix milliseconds on the double's clock.
    var milliseconds: Int { Int((Date().timeIntervalSince1970 + self.clockOffset) * 1000) }
    /// Unix seconds on the double's clock.
    var now: Int { self.milliseconds / 1000 }

    func nextSerial() -> Int {
        self.lastSerial += 1
        return self.lastSerial
    }

    /// Sets the given values in seconds, and returns both.
    func change(clockOffset: Double?, settleAfter: Double?) -> JSON {
        if let clockOffset { self.clockOffset = clockOffset }
        if let settleAfter { self.settleAfter = max(settleAfter, 0) }
        self.bell.ring()
        return ["clock_offset": .number(self.clockOffset), "settle_after": .number(self.settleAfter)]
    }

    // MARK: Changes

    func put(_ intent: PaymentIntent) { self.change(.paymentIntent(intent)) }
    func put(_ charge: Charge) { self.change(.charge(charge)) }
    func put(_ refund: Refund) { self.change(.refund(refund)) }
    func put(_ dispute: Dispute) { self.change(.dispute(dispute)) }
    func put(_ method: PaymentMethod) { self.change(.paymentMethod(method)) }
    func keep(_ record: Idempotency.Record) { self.change(.answer(record)) }
    func remove(_ timer: Timer) { self.change(.timerGone(serial: timer.serial)) }

    func put(_ event: Event, isNew: Bool) {
        self.change(.event(event))
        if isNew { self.freshEvents.append(event) }
    }

    /// Schedules an action after ``settleAfter``.
    func later(_ action: Timer.Action) {
        self.change(.timer(Timer(serial: self.nextSerial(), due: self.milliseconds + Int(self.settleAfter * 1000), action: action)))
        self.bell.ring()
    }

    /// Deletes everything.
    func reset() {
        self.change(.reset)
        (self.clockOffset, self.settleAfter) = (0, self.initialSettleAfter)
        self.freshEvents = []
    }

    private func change(_ entry: Entry) {
        self.apply(entry)
        if self.journal != nil { self.changes.append(entry) }
    }

    private func apply(_ entry: Entry) {
        switch entry {
        case .paymentIntent(let intent):
            self.intents.put(intent)
            self.lastSerial = max(self.lastSerial, intent.serial)
        case .charge(let charge):
            if self.charges[charge.id] == nil { self.chargesOfIntent[charge.paymentIntent, default: []].append(charge.id) }
            self.charges.put(charge)
            self.lastSerial = max(self.lastSerial, charge.serial)
        case .refund(let refund):
            if self.refunds[refund.id] == nil { self.refundsOfIntent[refund.paymentIntent, default: []].append(refund.id) }
            self.refunds.put(refund)
            self.lastSerial = max(self.lastSerial, refund.serial)
        case .dispute(let dispute):
            self.disputes.put(dispute)
            self.lastSerial = max(self.lastSerial, dispute.serial)
        case .paymentMethod(let method):
            self.methods.put(method)
            self.lastSerial = max(self.lastSerial, method.serial)
        case .event(let event):
            self.events.put(event)
            if event.isPending { self.pendingEvents.insert(event.id) } else { self.pendingEvents.remove(event.id) }
            self.lastSerial = max(self.lastSerial, event.serial)
        case .answer(let record): self.idempotency.keep(record)
        case .timer(let timer):
            self.timers[timer.serial] = timer
            self.lastSerial = max(self.lastSerial, timer.serial)
        case .timerGone(let serial): self.timers[serial] = nil
        case .reset:
            (self.intents, self.charges, self.refunds, self.disputes, self.methods, self.events) = (
                .init(), .init(), .init(), .init(), .init(), .init()
            )
            (self.chargesOfIntent, self.refundsOfIntent, self.timers, self.idempotency) = ([:], [:], [:], Idempotency())
            self.pendingEvents = []
        }
    }

    /// The whole state as the lines of a new journal.
    private var snapshot: [[Entry]] {
        var lines: [[Entry]] = []
        lines.append(contentsOf: self.methods.all.map { [.paymentMethod($0)] })
        lines.append(contentsOf: self.intents.all.map { [.paymentIntent($0)] })
        lines.append(contentsOf: self.charges.all.map { [.charge($0)] })
        lines.append(contentsOf: self.refunds.all.map { [.refund($0)] })
        lines.append(contentsOf: self.disputes.all.map { [.dispute($0)] })
        lines.append(contentsOf: self.events.all.map { [.event($0)] })
        lines.append(contentsOf: self.idempotency.all.map { [.answer($0)] })
        lines.append(contentsOf: self.timers.values.map { [.timer($0)] })
        return lines
    }
}
