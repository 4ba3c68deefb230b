public import FoundationEssentials
import Transfer

extension ManagementAPI {
    /// The broker's versions.
    public struct Overview: Decodable, Sendable {
        /// RabbitMQ's version, e.g. `3.10.8`.
        public var version: String
        /// Erlang's release, e.g. `25`.
        public var erlangVersion: String

        enum CodingKeys: String, CodingKey {
            case version = "rabbitmq_version"
            case erlangVersion = "erlang_version"
        }
    }

    /// A node of the cluster.
    public struct BrokerNode: Decodable, Sendable {
        /// E.g. `rabbit@host`.
        public var name: String
        /// False for a member that is down; nothing else is known of it.
        public var running: Bool
        /// In bytes.
        public var memoryUsed: Int?
        /// Above this the broker blocks publishers.
        public var memoryLimit: Int?
        /// Whether the memory alarm is on.
        public var memoryAlarm: Bool?
        /// In bytes.
        public var diskFree: Int?
        /// Below this the broker blocks publishers.
        public var diskFreeLimit: Int?
        /// Whether the disk alarm is on.
        public var diskAlarm: Bool?
        /// File descriptors in use.
        public var descriptorsUsed: Int?
        /// The limit of file descriptors.
        public var descriptors: Int?
        /// Nodes from which it was partitioned: such a partition does not heal by itself.
        public var partitions: [String]?

        enum CodingKeys: String, CodingKey {
            case name, running
            case memoryUsed = "mem_used"
            case memoryLimit = "mem_limit"
            case memoryAlarm = "mem_alarm"
            case diskFree = "disk_free"
            case diskFreeLimit = "disk_free_limit"
            case diskAlarm = "disk_free_alarm"
            case descriptorsUsed = "fd_used"
            case descriptors = "fd_total"
            case partitions
        }
    }

    /// A feature flag, which an upgrade of the cluster may require.
    public struct FeatureFlag: Decodable, Sendable {
        /// E.g. `stream_queue`.
        public var name: String
        /// `enabled`, `disabled` or `unavailable`.
        public var state: String
    }

    /// The broker's versions.
    public func overview() async throws(Refused) -> Overview { try await self.decode(Overview.self, "/overview") }

    /// The nodes of the cluster. Needs the monitoring tag.
    public func nodes() async throws(Refused) -> [BrokerNode] { try await self.decode([BrokerNode].self, "/nodes") }

    /// The feature flags. Needs the administrator tag.
    public func featureFlags() async throws(Refused) -> [FeatureFlag] { try await self.decode([FeatureFlag].self, "/feature-flags") }

    /// The broker's clock, to the second; nil if unknown.
    public func clock() async throws(Refused) -> Date? {
        try await self.respond(.get, "/whoami").headers["Date"].flatMap(Self.date(ofHTTP:))
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
    static func date(ofHTTP text: String) -> Date? {
        let words = text.split(separator: " ")
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard words.count == 6, words[5] == "GMT", let month = months.firstIndex(of: String(words[2])) else { return nil }
        return Timestamp.date("\(words[3])-\(month < 9 ? "0" : "")\(month + 1)-\(words[1])T\(words[4])Z")
    }
}
