import EventThread

/// Opens connections on a thread of its own, so that neither the cooperative pool nor a connection's thread waits for DNS, TCP, TLS
/// or the handshake. The thread exists only while it dials.
actor Dialler {
    /// What a connection is made ready for.
    enum Purpose {
        /// Publishing with confirms.
        case publishing
        /// Consuming; without a prefetch the consumer is paused.
        case consuming(QueueSource, prefetch: UInt16?)
        /// A question and no more.
        case inspecting
    }

    private nonisolated let thread = EventThread(name: "amqp-dial")
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.thread.asUnownedSerialExecutor() }
    private let configuration: BrokerConfiguration

    init(_ configuration: BrokerConfiguration) { self.configuration = configuration }

    /// Tries the nodes in random order until one is ready for `purpose`.
    /// - Throws: ``BrokerError``: what the last of them failed with.
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

    /// A connection that is ready.
    struct Dialled {
        let channel: AMQPChannel
        /// The queue that it consumes, or would.
        let queue: String?
    }
}
