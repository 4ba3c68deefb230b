import CRabbitMQ
import Glibc

/// The calls of librabbitmq: publishing over TLS, and methods whose answer is awaited.
///
/// The latter block the thread for at most five seconds (the library's answer timeout). The library queues deliveries that arrive meanwhile;
/// ``nextEvent(epoch:)`` returns them. A publishing connection makes no such call once it publishes: a broker that has blocked it would not
/// answer (alanxz/rabbitmq-c#836).
extension AMQPChannel {
    /// Publishes through the library. The properties come from our own encoding, decoded into the library's structures, so there is one encoder.
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

    /// Stops deliveries; those on their way still arrive.
    func cancelConsumer() throws(BrokerError) {
        try unsafe self.answer("basic.cancel") { connection in
            unsafe Self.withBytes(self.consumerTag) { unsafe amqp_basic_cancel(connection, FrameBuffer.channel, $0) }
        }
    }

    /// Declares and binds an exclusive queue of this connection, which the broker names.
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

    /// Declares a queue passively, so without creating it; throws `404` if it does not exist.
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

    /// Declares an exchange passively, so without creating it; throws `404` if it does not exist.
    func inspectExchange(_ name: String) throws(BrokerError) {
        try unsafe self.answer("exchange.declare") { connection in
            unsafe Self.withBytes(name) { exchange in
                // A passive declare ignores the type, but needs one.
                unsafe Self.withBytes("direct") { type in
                    unsafe amqp_exchange_declare(connection, FrameBuffer.channel, exchange, type, 1, 0, 0, 0, amqp_empty_table)
                }
            }
        }
    }

    /// Closes the connection and waits for the answer, so that the broker reads everything that was sent.
    func close() {
        do {
            try unsafe self.answer("connection.close") { unsafe amqp_connection_close($0, CInt(AMQP_REPLY_SUCCESS)) }
        } catch {
            // The connection is gone in any case.
        }
    }

    /// Answers the broker's `connection.close` so that it need not wait. Unsent bytes stay unsent.
    func confirmClose() {
        _ = unsafe self.handle.withRaw { connection in
            var closeOK = amqp_connection_close_ok_t()
            return unsafe amqp_send_method(connection, 0, amqp_method_number_t(AMQP_CONNECTION_CLOSE_OK_METHOD), &closeOK)
        }
    }

    /// A new tag each time: RabbitMQ 3.10.8's quorum queues lose count of a consumer that was cancelled with unacknowledged messages and comes back
    /// under its old tag, and its channel crashes (541).
    private var consumerTag: String { "conveyor-\(self.consumers)" }

    /// Makes a call and throws the error of the broker or the library.
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

    /// Valid as long as `bytes`. The library's structures lack `const`, but it only reads.
    private static func borrow(_ bytes: UnsafeRawBufferPointer) -> amqp_bytes_t {
        unsafe amqp_bytes_t(len: bytes.count, bytes: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }
}
