extension ManagementAPI {
    /// A connection to the virtual host.
    public struct Client: Sendable, Equatable {
        /// The client's own name, e.g. `orders-worker consumer`; its user without one.
        public var name: String
        /// The queues that it consumes.
        public var queues: [String]
        /// Its address and port.
        public var peer: String
        /// Milliseconds since 1970.
        public var connectedAt: Int64
    }

    private struct Connection: Decodable {
        var name: String
        var userProvidedName: String?
        var user: String?
        var peerHost: String?
        var peerPort: Int?
        var connectedAt: Int64?

        enum CodingKeys: String, CodingKey {
            case name
            case userProvidedName = "user_provided_name"
            case user
            case peerHost = "peer_host"
            case peerPort = "peer_port"
            case connectedAt = "connected_at"
        }
    }

    private struct Taking: Decodable {
        struct Queue: Decodable { var name: String }
        struct Channel: Decodable {
            var connection: String?
            enum CodingKeys: String, CodingKey { case connection = "connection_name" }
        }

        var queue: Queue
        var channel: Channel?

        enum CodingKeys: String, CodingKey {
            case queue
            case channel = "channel_details"
        }
    }

    /// All connections of the virtual host. The broker reports a new one some seconds late.
    public func clients() async throws(Refused) -> [Client] {
        let connections = try await self.decode([Connection].self, "/vhosts/\(self.vhost)/connections")
        let takings = try await self.decode([Taking].self, "/consumers/\(self.vhost)")
        var queues: [String: [String]] = [:]
        for taking in takings {
            if let connection = taking.channel?.connection { queues[connection, default: []].append(taking.queue.name) }
        }
        return connections.map { connection in
            Client(
                name: connection.userProvidedName ?? connection.user ?? connection.name, queues: (queues[connection.name] ?? []).sorted(),
                peer: "\(connection.peerHost ?? "?"):\(connection.peerPort.map(String.init) ?? "?")", connectedAt: connection.connectedAt ?? 0)
        }
    }

    /// The users who may publish to a topic exchange with any routing key: those without a topic permission for it.
    public func unrestrictedPublishers(to exchange: String) async throws(Refused) -> Set<String> {
        struct Permission: Decodable {
            var user: String
            var exchange: String?
        }
        let users = try await self.decode([Permission].self, "/vhosts/\(self.vhost)/permissions").map(\.user)
        let restricted = try await self.decode([Permission].self, "/vhosts/\(self.vhost)/topic-permissions").filter { $0.exchange == exchange }
        return Set(users).subtracting(restricted.map(\.user))
    }

    private struct Node: Decodable {
        var memoryAlarm: Bool?
        var diskAlarm: Bool?

        enum CodingKeys: String, CodingKey {
            case memoryAlarm = "mem_alarm"
            case diskAlarm = "disk_free_alarm"
        }
    }

    /// The active alarms, `memory` and `disk`, because of which the broker blocks publishers.
    public func alarms() async throws(Refused) -> [String] {
        let nodes = try await self.decode([Node].self, "/nodes?columns=mem_alarm,disk_free_alarm")
        return [("memory", nodes.contains { $0.memoryAlarm == true }), ("disk", nodes.contains { $0.diskAlarm == true })].filter(\.1).map(\.0)
    }
}
