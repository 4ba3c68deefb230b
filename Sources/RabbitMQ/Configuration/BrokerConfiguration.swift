/// The address of the broker: one or several nodes of a cluster, and the settings of every connection to them.
public struct BrokerConfiguration: Sendable {
    /// The nodes, in the order of the setting; connections try them in random order.
    public let nodes: [BrokerNode]
    /// Shown by RabbitMQ's management for each connection, e.g. `orders-worker`.
    public let connectionName: String
    /// A PEM file of certificate authorities to trust beside the system's.
    public let tlsCAFile: String?
    /// Seconds after which a silent peer counts as dead; the broker may ask for less. 0 turns heartbeats off.
    public let heartbeat: Int

    /// Parses the nodes.
    /// - Parameters:
    ///   - urls: Comma-separated `amqp://` or `amqps://` URLs. A comma in a password must be percent-encoded.
    ///   - connectionName: Shown by RabbitMQ's management.
    ///   - tlsCAFile: A PEM file of certificate authorities that `amqps` nodes may use beside the system's.
    ///   - heartbeat: Seconds; see ``heartbeat``.
    /// - Throws: ``BrokerError`` of kind ``BrokerError/Kind/invalidURL``.
    public init(urls: String, connectionName: String, tlsCAFile: String? = nil, heartbeat: Int = 10) throws(BrokerError) {
        var nodes: [BrokerNode] = []
        for url in urls.split(separator: ",") {
            nodes.append(try BrokerNode(url: String(url.filter { !$0.isWhitespace })))
        }
        guard !nodes.isEmpty else { throw .invalidURL("no node is given") }
        self.nodes = nodes
        self.connectionName = connectionName
        self.tlsCAFile = tlsCAFile
        self.heartbeat = max(0, min(heartbeat, 600))
    }
}
