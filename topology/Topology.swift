/// The data that the parts agree on, embedded so that an executable works wherever it is copied to.
public enum Topology {
    /// RabbitMQ's exchanges, queues, bindings and policies, in the form that RabbitMQ itself imports (`rabbitmqctl import_definitions`).
    public static var definitions: [UInt8] { PackageResources.definitions_json }

    /// The types that each part's broker user may publish, by part, then by exchange.
    public static let publishers: [String: [String: Set<String>]] = {
        var publishers: [String: [String: Set<String>]] = [:]
        for line in String(decoding: PackageResources.publishers_txt, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count > 2, words[0] != "#" else { continue }
            publishers[words[0], default: [:]][words[1], default: []].formUnion(words[2...])
        }
        return publishers
    }()

    /// The SQL files of `migrations/` in the order in which they are applied. Append only: an applied file never changes.
    public static var migrations: [(name: String, sql: String)] {
        [
            ("m0001_roles", PackageResources.m0001_roles_sql),
            ("m0002_users", PackageResources.m0002_users_sql),
            ("m0003_catalogue", PackageResources.m0003_catalogue_sql),
            ("m0004_orders", PackageResources.m0004_orders_sql),
            ("m0005_payments", PackageResources.m0005_payments_sql),
            ("m0006_emails", PackageResources.m0006_emails_sql),
            ("m0007_messages", PackageResources.m0007_messages_sql),
            ("m0008_operations", PackageResources.m0008_operations_sql),
            ("m0010_retention", PackageResources.m0010_retention_sql),
            ("m0011_search", PackageResources.m0011_search_sql),
            ("m0012_access", PackageResources.m0012_access_sql),
            ("m0013_order_of_acceptance", PackageResources.m0013_order_of_acceptance_sql),
            ("m0014_closed_messages", PackageResources.m0014_closed_messages_sql),
            ("m0016_operators", PackageResources.m0016_operators_sql),
            ("m0017_work", PackageResources.m0017_work_sql),
            ("m0018_notifications", PackageResources.m0018_notifications_sql),
            ("m0020_push", PackageResources.m0020_push_sql),
            ("m0024_subjects", PackageResources.m0024_subjects_sql),
            ("m0025_webhooks", PackageResources.m0025_webhooks_sql),
        ].map { (name: $0.0, sql: String(decoding: $0.1, as: UTF8.self)) }
    }
}
