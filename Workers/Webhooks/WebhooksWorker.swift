import ArgumentParser
import Conveyor
import Postgres
import Shop

@main
struct WebhooksWorker: AsyncParsableCommand {
    static let configuration = Part.configuration(
        "webhooks-worker", "Delivers events to partners by webhooks: consumes `webhooks`.", settings: .webhooks, of: .shop)

    @OptionGroup var options: PartOptions

    func run() async throws {
        try await WorkerPart.run(queue: "webhooks", of: .shop, options: self.options) { part in
            let addresses = try OutwardAddresses(part.settings)
            let limits = try DeliveryLimits(part.settings)
            let box = SecretBox(secrets: try part.settings.signingKeys())
            // Many deliveries use connections at the same time; the handlers keep their own pool.
            let deliveries = try PostgresPool(
                url: part.settings.databaseURL(), size: 8, applicationName: "webhooks-worker deliveries", statementTimeout: .seconds(30),
                acquireTimeout: .seconds(20), logger: part.logger)
            part.serve(deliveries)
            let store = DeliveryStore(pool: deliveries, limits: limits)
            let bindings = try EventBindings(settings: part.settings, pool: part.pool, logger: part.logger)
            part.handle(
                StaffOnly(CreateEndpoint(addresses: addresses, bindings: bindings)),
                StaffOnly(UpdateEndpoint(addresses: addresses, bindings: bindings)),
                StaffOnly(DeleteEndpoint()), StaffOnly(RotateSecret()), StaffOnly(Ping(limits: limits)), StaffOnly(Redeliver(limits: limits)),
                SwitchOff(admin: part.settings.string("ADMIN_EMAIL"), limits: limits))
            part.handle(PublicEvents.all.map { Self.announcing($0, limits) })
            part.serve(bindings)
            part.schedule(DeliveryUpkeep.schedule(in: part.pool))
            part.schedule(SecretUpkeep.schedule(in: part.pool, box))
            part.serve(
                try DeliveryLoop(
                    store: store, sender: DeliverySender(settings: part.settings, pool: deliveries, addresses: addresses, box: box), limits: limits,
                    ladder: part.ladder, publisher: part.publisher, logger: part.logger))
        }
    }

    private static func announcing<E: PublicEvent>(_: E.Type, _ limits: DeliveryLimits) -> any Handler { Announce<E>(limits: limits) }
}
