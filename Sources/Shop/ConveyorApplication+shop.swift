public import Conveyor
import Postgres
import Topology

extension ConveyorApplication {
    /// The shop as an application of Conveyor: the definitions that its processes share.
    public static let shop = ConveyorApplication(
        topology: .shop, migrations: Topology.migrations.map { Migration(name: $0.name, sql: $0.sql) }, settings: Setting.shop,
        checkSettings: { settings throws(SettingError) in try settings.checkShop() },
        subject: { type, messageID, body in Envelope.orderID(type: type, messageID: messageID, body).map(Subject.order) })
}

extension Definitions {
    /// The queues and bindings of the workers in `topology/parts.yaml`.
    static let shop: Definitions = {
        var definitions = Definitions(workQueues: Topology.workers.map { (name: $0.name, events: $0.hears) })
        let events = PublicEvents.types(of: ["*"])
        for worker in Topology.workers {
            for exchange in worker.binds {
                // The worker makes these bindings itself while it needs them.
                definitions.bindingsOnDemand.formUnion(
                    events.map { .init(source: exchange, destination: worker.name, destinationType: "queue", routingKey: $0) })
            }
        }
        return definitions
    }()

    /// The shop's exchanges, queues, bindings and policies, with this retry schedule.
    public init(ladder: RetryLadder) { self = Self.shop.with(ladder) }
}
