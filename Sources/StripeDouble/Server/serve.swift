import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Transfer
import UnixSignals

/// Builds the double and runs it until SIGTERM or SIGINT.
func serve(_ settings: Settings) async throws {
    let logger = Logger(label: "stripe-double", level: settings.logLevel)
    let journal = try settings.statePath.map(Journal.init(path:))
    let client = try HTTPClient(userAgent: "Stripe/1.0 (+https://stripe.com/docs/webhooks)", caFile: settings.caFile)
    let sender = WebhookSender(mode: settings.webhook, secrets: settings.webhookSecrets, client: client, logger: logger)
    let ledger = Ledger(
        origin: "http://\(settings.host):\(settings.port)", hasWebhook: settings.webhook.url != nil, settleAfter: settings.settleAfter,
        journal: journal)
    let faults = FaultBoard()
    let log = RequestLog()
    let application = Application(
        responder: Front(
            api: API(
                authentication: Authentication(secretKey: settings.secretKey, publishableKey: settings.publishableKey), ledger: ledger,
                faults: faults, log: log),
            control: Control(ledger: ledger, sender: sender, faults: faults, log: log), pages: Pages(ledger: ledger)),
        configuration: ApplicationConfiguration(address: .hostname(settings.host, port: settings.port), serverName: nil),
        onServerRunning: { channel in
            guard let port = channel.localAddress?.port else { return }
            await ledger.listens(at: "http://\(settings.host):\(port)")
            logger.info("Listening", metadata: ["port": "\(port)"])
        },
        logger: logger)
    await ledger.recover(deliveringThrough: sender)
    // Services stop in reverse order: the journal last, when all writers have stopped.
    let services: [any Service] = (journal.map { [$0] } ?? []) + [ledger, sender, application]
    try await ServiceGroup(
        configuration: ServiceGroupConfiguration(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    ).run()
}

extension Logger {
    init(label: String, level: Level) {
        self.init(label: label)
        self.logLevel = level
    }
}
