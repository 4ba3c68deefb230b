public import Conveyor
import Postgres
import Topology

extension ConveyorApplication {
    /// The shop: what each of its processes hands to the machinery.
    public static let shop = ConveyorApplication(
        topology: .shop, migrations: Topology.migrations.map { Migration(name: $0.name, sql: $0.sql) }, settings: Setting.shop,
        checkSettings: { settings throws(SettingError) in try settings.checkShop() },
        subject: { type, messageID, body in Envelope.orderID(type: type, messageID: messageID, body).map(Subject.order) })
}

extension Definitions {
    /// What `topology/definitions.json` says; a file of the package that cannot be read is one that nobody could have built with.
    static let shop: Definitions = {
        do { return try Definitions(json: Topology.definitions) } catch { preconditionFailure("topology/definitions.json: \(error)") }
    }()

    /// The shop's exchanges, queues, bindings and policies, with this retry ladder.
    public init(ladder: RetryLadder) { self = Self.shop.with(ladder) }
}
