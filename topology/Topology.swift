/// The data that the parts agree on, embedded so that an executable works wherever it is copied to.
public enum Topology {
    /// A part: an entry of `parts.yaml`.
    public struct Part: Sendable {
        /// E.g. `orders`.
        public let name: String
        fileprivate var lists: [String: [String]] = [:]

        /// Whether it consumes a queue, which has its name.
        public var isWorker: Bool { self.lists["hears"] != nil }
        /// The types of events that its queue gets beside its commands.
        public var hears: [String] { self.lists["hears"] ?? [] }
        /// The types that its broker user may publish.
        public var publishes: [String] { (self.lists["publishes"] ?? []) + (self.isWorker ? ["operation.finished"] : []) }
        /// The secret settings that it reads.
        public var secrets: [String] { self.lists["secrets"] ?? [] }
        /// The exchanges to which it binds its queue by itself.
        public var binds: [String] { self.lists["binds"] ?? [] }
    }

    /// All parts, in the order of `parts.yaml`.
    public static let parts: [Part] = Self.parse(String(decoding: PackageResources.parts_yaml, as: UTF8.self))

    /// The workers.
    public static var workers: [Part] { Self.parts.filter(\.isWorker) }

    /// The entries of `parts.yaml`, as `ops/lib/parts.sh` reads them.
    public static func parse(_ text: String) -> [Part] {
        var parts: [Part] = []
        var key = ""
        for line in text.split(separator: "\n") {
            var line = line.prefix { $0 != "#" }
            if let colon = line.firstIndex(of: ":"), line[..<colon].drop(while: { $0 == " " }).allSatisfy({ $0.isLetter || $0 == "_" }) {
                let name = String(line[..<colon].drop { $0 == " " })
                if line.first != " " {
                    parts.append(Part(name: name))
                    key = ""
                    continue
                }
                key = name
                line = line[line.index(after: colon)...]
            } else if line.allSatisfy({ $0 == " " }) {
                continue
            }
            guard !parts.isEmpty, !key.isEmpty else { continue }
            parts[parts.count - 1].lists[key, default: []] += line.split { " [],".contains($0) }.map(String.init)
        }
        return parts
    }

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
            ("m0026_worker_role", PackageResources.m0026_worker_role_sql),
            ("m0030_dead_letter_subjects", PackageResources.m0030_dead_letter_subjects_sql),
        ].map { (name: $0.0, sql: String(decoding: $0.1, as: UTF8.self)) }
    }
}
