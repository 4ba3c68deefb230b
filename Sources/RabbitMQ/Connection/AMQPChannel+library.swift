import CRabbitMQ
import Glibc

/// What goes through the library: publishing over TLS, and the calls that wait for the broker's answer.
///
/// The latter block the thread for at most five seconds (the library's answer timeout). Deliveries that arrive meanwhile are queued by
/// the library and come out of ``nextEvent(epoch:)``. None of them is ever made on a publishing connection once it publishes: a broker
/// that has blocked it would not answer (alanxz/rabbitmq-c#836).
extension AMQPChannel {
    /// Publishes by the library. Our own encoding of the properties is decoded into the library's structures, so there is one encoder.
    func publishByLibrary(_ message: Outgoing) throws(BrokerError) -> Bool {
        guard FrameBuffer.fits(message) else { return false }
        var encoded = FrameBuffer()
        encoded.append(message.properties)
        guard encoded.count + 12 + FrameBuffer.frameOverhead <= self.frameMax else { return false }
        var pool = unsafe amqp_pool_t()
        unsafe init_amqp_pool(&pool, 4096)
        defer { unsafe empty_amqp_pool(&pool) }
        let status = unsafe encoded.withUnsafeBytes { bytes in
            var properties: UnsafeMutableRawPointer?
            let decoding = unsafe amqp_decode_properties(UInt16(AMQP_BASIC_CLASS), &pool, Self.borrow(bytes), &properties)
            guard decoding >= 0, let properties = unsafe properties else { return decoding }
            return unsafe message.body.withUnsafeBytes { body in
                unsafe Self.withBytes(message.exchange) { exchange in
                    unsafe Self.withBytes(message.routingKey) { routingKey in
                        self.stuckCallGuard.watching {
                            unsafe self.handle.withRaw { connection in
                                unsafe amqp_basic_publish(
                                    connection, FrameBuffer.channel, exchange, routingKey, message.mandatory ? 1 : 0, 0,
                                    properties.assumingMemoryBound(to: amqp_basic_properties_t.self), Self.borrow(body))
                            }
                        }
                    }
                }
            }
        }
        guard status == CInt(AMQP_STATUS_OK.rawValue) else { throw BrokerError(status: status, during: "publishing") }
        return true
    }

    /// Turns publisher confirms on.
    func selectConfirms() throws(BrokerError) {
        try unsafe self.answer("confirm.select") { unsafe amqp_confirm_select($0, FrameBuffer.channel) }
    }

    /// Starts deliveries of `queue` with at most `prefetch` unacknowledged.
    func consume(_ queue: String, prefetch: UInt16) throws(BrokerError) {
        self.consumers += 1
        try unsafe self.answer("basic.qos") { unsafe amqp_basic_qos($0, FrameBuffer.channel, 0, prefetch, 0) }
        try unsafe self.answer("basic.consume") { connection in
            unsafe Self.withBytes(queue) { queue in
                unsafe Self.withBytes(self.consumerTag) { tag in
                    unsafe amqp_basic_consume(connection, FrameBuffer.channel, queue, tag, 0, 0, 0, amqp_empty_table)
                }
            }
        }
    }

    /// Stops deliveries. Those that were on their way still come.
    func cancelConsumer() throws(BrokerError) {
        try unsafe self.answer("basic.cancel") { connection in
            unsafe Self.withBytes(self.consumerTag) { unsafe amqp_basic_cancel(connection, FrameBuffer.channel, $0) }
        }
    }

    /// Declares a queue of this connection's own, named by the broker, and binds it.
    /// - Returns: Its name.
    func declareExclusiveQueue(bindings: [(exchange: String, routingKey: String)]) throws(BrokerError) -> String {
        var name = ""
        try unsafe self.answer("queue.declare") { connection in
            guard
                let declared = unsafe amqp_queue_declare(
                    connection, FrameBuffer.channel, amqp_empty_bytes, 0, 0, 1, 1, amqp_empty_table)
            else { return }
            name = unsafe Decoding.text(declared.pointee.queue)
        }
        for binding in bindings {
            try unsafe self.answer("queue.bind") { connection in
                unsafe Self.withBytes(name) { queue in
                    unsafe Self.withBytes(binding.exchange) { exchange in
                        unsafe Self.withBytes(binding.routingKey) { routingKey in
                            unsafe amqp_queue_bind(connection, FrameBuffer.channel, queue, exchange, routingKey, amqp_empty_table)
                        }
                    }
                }
            }
        }
        return name
    }

    /// Asks for a queue without creating it; throws `404` if it is not there.
    func inspectQueue(_ name: String) throws(BrokerError) -> QueueState {
        var state = QueueState(messages: 0, consumers: 0)
        try unsafe self.answer("queue.declare") { connection in
            unsafe Self.withBytes(name) { queue in
                guard let declared = unsafe amqp_queue_declare(connection, FrameBuffer.channel, queue, 1, 0, 0, 0, amqp_empty_table) else { return }
                state = unsafe QueueState(messages: Int(declared.pointee.message_count), consumers: Int(declared.pointee.consumer_count))
            }
        }
        return state
    }

    /// Asks for an exchange without creating it; throws `404` if it is not there.
    func inspectExchange(_ name: String) throws(BrokerError) {
        try unsafe self.answer("exchange.declare") { connection in
            unsafe Self.withBytes(name) { exchange in
                // The type of a passive declare is not looked at, but must be one.
                unsafe Self.withBytes("direct") { type in
                    unsafe amqp_exchange_declare(connection, FrameBuffer.channel, exchange, type, 1, 0, 0, 0, amqp_empty_table)
                }
            }
        }
    }

    /// Says goodbye and waits for the answer, so that nothing that was sent is lost on the way.
    func close() {
        do {
            try unsafe self.answer("connection.close") { unsafe amqp_connection_close($0, CInt(AMQP_REPLY_SUCCESS)) }
        } catch {
            // It is gone either way.
        }
    }

    /// Answers a `connection.close` of the broker's, so that it need not wait for it. What was unsent stays unsent.
    func confirmClose() {
        _ = unsafe self.handle.withRaw { connection in
            var closeOK = amqp_connection_close_ok_t()
            return unsafe amqp_send_method(connection, 0, amqp_method_number_t(AMQP_CONNECTION_CLOSE_OK_METHOD), &closeOK)
        }
    }

    /// Never the same twice: a quorum queue of RabbitMQ 3.10.8 loses count of a consumer that was cancelled with messages in hand and comes back
    /// under its old tag, and its channel crashes (541).
    private var consumerTag: String { "conveyor-\(self.consumers)" }

    /// Makes a call and throws what the broker, or the library, has answered.
    private func answer<Ignored>(_ act: String, _ call: (amqp_connection_state_t) -> Ignored) throws(BrokerError) {
        try self.flushCompletely(within: .seconds(5))
        try unsafe self.handle.withRaw { connection throws(BrokerError) in
            _ = unsafe call(connection)
            try unsafe BrokerError.check(amqp_get_rpc_reply(connection), act)
        }
    }

    private static func withBytes<Result>(_ text: String, _ body: (amqp_bytes_t) -> Result) -> Result {
        var text = text
        return text.withUTF8 { unsafe body(Self.borrow(UnsafeRawBufferPointer($0))) }
    }

    /// Valid as long as `bytes`. The library's structures are without `const`, but it only reads.
    private static func borrow(_ bytes: UnsafeRawBufferPointer) -> amqp_bytes_t {
        unsafe amqp_bytes_t(len: bytes.count, bytes: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }
}
