import EventThread

/// Opens connections on its own thread, so that neither the cooperative pool nor a connection's thread waits for DNS, TCP, TLS or the
/// handshake. The thread exists only while it connects.
actor Dialler {
    /// The use that a connection is prepared for.
    enum Purpose {
        /// Publishing with confirms.
        case publishing
        /// Consuming; without a prefetch the consumer is paused.
        case consuming(QueueSource, prefetch: UInt16?)
        /// Passive declares only.
        case inspecting
    }

    private nonisolated let thread = EventThread(name: "amqp-dial")
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.thread.asUnownedSerialExecutor() }
    private let configuration: BrokerConfiguration

    init(_ configuration: BrokerConfiguration) { self.configuration = configuration }

    /// Tries the nodes in random order until one is ready for `purpose`.
    /// - Throws: ``BrokerError``: the failure of the last node.
    func dial(for purpose: Purpose) throws(BrokerError) -> sending Dialled {
        defer { self.thread.stop() }
        var failure = BrokerError.unreachable("no node is given")
        for node in self.configuration.nodes.shuffled() {
            do {
                return try self.dial(node, for: purpose)
            } catch {
                failure = BrokerError(error.kind, "\(node): \(error.message)", code: error.code)
            }
        }
        throw failure
    }

    private func dial(_ node: BrokerNode, for purpose: Purpose) throws(BrokerError) -> sending Dialled {
        let channel = AMQPChannel(try ConnectionHandle.open(node, configuration: self.configuration), node: node)
        var queue: String?
        switch purpose {
        case .inspecting: break
        case .publishing: try channel.selectConfirms()
        case .consuming(let source, let prefetch):
            switch source {
            case .named(let name): queue = name
            case .exclusive(let bindings): queue = try channel.declareExclusiveQueue(bindings: bindings)
            }
            if let queue, let prefetch { try channel.consume(queue, prefetch: prefetch) }
        }
        return Dialled(channel: channel, queue: queue)
    }

    /// A connection that is ready for use.
    struct Dialled {
        let channel: AMQPChannel
        /// The queue to consume from, also while the consumer is paused.
        let queue: String?
    }
}
