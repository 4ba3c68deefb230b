import CRabbitMQ
import EventThread
import Glibc

/// A connection with its only channel, after the handshake. Used by one thread at a time.
///
/// Over plain TCP it never blocks: it encodes frames into its own buffer and sends as much as the socket takes, a batch per system call (the
/// library makes three calls per message, and waits without a limit while the broker does not read). The library still does the handshake, the
/// decoding and the calls that wait for an answer. Its heartbeats are off, since it would write them into the middle of a half-sent frame;
/// this type sends them.
///
/// Over TLS the library sends, and its heartbeats stay on. A call may then block until ``StuckCallGuard`` cuts the connection.
final class AMQPChannel {
    let node: BrokerNode
    let descriptor: CInt
    let stuckCallGuard: StuckCallGuard
    let handle: ConnectionHandle
    let frameMax: Int
    private(set) var output = FrameBuffer()
    /// A message whose frames are still arriving.
    var content = IncomingContent()
    /// The number of consumers so far; only one exists at a time.
    var consumers = 0
    private var liveness: Liveness?

    /// Takes over an open connection.
    init(_ handle: consuming ConnectionHandle, node: BrokerNode) {
        self.node = node
        self.handle = handle
        let (descriptor, frameMax, heartbeat) = unsafe self.handle.withRaw { connection in
            let frameMax = unsafe amqp_get_frame_max(connection)
            let heartbeat = unsafe amqp_get_heartbeat(connection)
            if !node.usesTLS {
                _ = unsafe amqp_tune_connection(connection, amqp_get_channel_max(connection), frameMax, 0)
            }
            return (unsafe amqp_get_sockfd(connection), Int(frameMax), Int(heartbeat))
        }
        self.descriptor = descriptor
        self.frameMax = frameMax
        self.liveness = node.usesTLS || heartbeat == 0 ? nil : Liveness(interval: .seconds(heartbeat), now: .now)
        self.stuckCallGuard = StuckCallGuard(descriptor: descriptor)
    }

    deinit { self.stuckCallGuard.release() }

    /// Whether the library has buffered bytes, which a poll of the socket does not show.
    var mayHaveInput: Bool {
        // Always with TLS: decrypted bytes may wait inside OpenSSL.
        guard !self.node.usesTLS else { return true }
        return unsafe self.handle.withRaw { unsafe amqp_frames_enqueued($0) != 0 || amqp_data_in_buffer($0) != 0 }
    }

    /// The number of bytes that the socket has not taken.
    var unsentBytes: Int { self.output.count }

    /// The events to poll the descriptor for.
    var interest: Readiness { self.output.isEmpty ? .readable : [.readable, .writable] }

    /// When ``keepAlive(_:didReceive:)`` has to be called again.
    func nextBeat(after now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard self.node.usesTLS else { return self.liveness?.nextDeadline(hasUnsent: !self.output.isEmpty) }
        // With TLS, the library sends and checks its heartbeats whenever it is asked for a frame.
        return now + .seconds(1)
    }

    /// Sends a heartbeat if one is due.
    /// - Throws: ``BrokerError`` when the broker has been silent for two intervals.
    func keepAlive(_ now: ContinuousClock.Instant, didReceive: Bool) throws(BrokerError) {
        guard self.liveness != nil else { return }
        if didReceive { self.liveness?.received(now) }
        guard self.liveness?.isPeerAlive(now) ?? true else { throw .unreachable("no heartbeat from the broker") }
        // Unsent bytes count as a heartbeat when they go out.
        guard self.liveness?.mustSend(now) ?? false, self.output.isEmpty else { return }
        self.output.appendHeartbeat()
        try self.flush(now)
    }

    /// Adds a message to the output; over plain TCP ``flush(_:)`` sends it.
    /// - Returns: Whether the message can be encoded.
    func publish(_ message: Outgoing) throws(BrokerError) -> Bool {
        guard !self.node.usesTLS else { return try self.publishByLibrary(message) }
        return self.output.appendPublish(message, frameMax: self.frameMax)
    }

    /// Acknowledges a delivery, or with `multiple` all up to it; over plain TCP ``flush(_:)`` sends the ack.
    func acknowledge(_ tag: UInt64, multiple: Bool) throws(BrokerError) {
        guard self.node.usesTLS else {
            self.output.appendAck(tag, multiple: multiple)
            return
        }
        let status = self.stuckCallGuard.watching {
            unsafe self.handle.withRaw { unsafe amqp_basic_ack($0, FrameBuffer.channel, tag, multiple ? 1 : 0) }
        }
        guard status == CInt(AMQP_STATUS_OK.rawValue) else { throw BrokerError(status: status, during: "acknowledging") }
    }

    /// Makes the broker answer without changing anything: turns confirms on once more. Only the arrival of the answer counts; it is not an event.
    /// Over plain TCP ``flush(_:)`` sends it.
    func probe() throws(BrokerError) {
        guard self.node.usesTLS else { return self.output.appendConfirmSelect() }
        let status = self.stuckCallGuard.watching {
            unsafe self.handle.withRaw { connection in
                var method = amqp_confirm_select_t()
                return unsafe amqp_send_method(connection, FrameBuffer.channel, amqp_method_number_t(AMQP_CONFIRM_SELECT_METHOD), &method)
            }
        }
        guard status == CInt(AMQP_STATUS_OK.rawValue) else { throw BrokerError(status: status, during: "probing") }
    }

    /// Sends as much as the socket takes.
    func flush(_ now: ContinuousClock.Instant) throws(BrokerError) {
        guard !self.output.isEmpty else { return }
        let descriptor = self.descriptor
        var didSend = false
        try unsafe self.output.drain { bytes throws(BrokerError) in
            let count = unsafe send(descriptor, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
            guard count < 0 else {
                didSend = true
                return count
            }
            guard errno == EAGAIN || errno == EINTR else { throw .unreachable("sending: \(unsafe String(cString: strerror(errno)))") }
            return 0
        }
        if didSend { self.liveness?.sent(now) }
    }

    /// Blocks until everything is sent: required before a library call that itself sends.
    func flushCompletely(within limit: Duration) throws(BrokerError) {
        let deadline = ContinuousClock.now + limit
        while true {
            let now = ContinuousClock.now
            try self.flush(now)
            if self.output.isEmpty { return }
            guard now < deadline else { throw .unreachable("the broker does not read") }
            _ = Readiness.poll(self.descriptor, for: .writable, timeout: deadline - now)
        }
    }
}
