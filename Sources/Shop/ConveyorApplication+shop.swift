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
    /// The content of `topology/definitions.json`. It is embedded at build time, so it cannot be missing.
    static let shop: Definitions = {
        do {
            var definitions = try Definitions(json: Topology.definitions)
            // The bindings of webhooks-worker, while endpoints want them.
            definitions.bindingsOnDemand = Set(
                PublicEvents.types(of: ["*"]).map { .init(source: "events", destination: "webhooks", destinationType: "queue", routingKey: $0) })
            return definitions
        } catch {
            preconditionFailure("topology/definitions.json: \(error)")
        }
    }()

    /// The shop's exchanges, queues, bindings and policies, with this retry schedule.
    public init(ladder: RetryLadder) { self = Self.shop.with(ladder) }
}
