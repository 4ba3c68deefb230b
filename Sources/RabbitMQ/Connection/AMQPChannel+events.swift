import CRabbitMQ
import Glibc

/// The methods that the broker sends to a channel unasked.
enum ChannelEvent {
    case delivered(Delivery)
    /// `basic.return`: a published message came back; its ack follows.
    case returned(exchange: String, routingKey: String, messageID: String?, reason: String)
    case acknowledged(tag: UInt64, multiple: Bool)
    case refused(tag: UInt64, multiple: Bool)
    case blocked(reason: String)
    case unblocked
    /// `basic.cancel`: the queue, or its leader, is gone.
    case consumerCancelled
    /// `channel.close`: the broker closed the connection's only channel, so the connection is of no more use.
    case channelClosed(BrokerError)
    /// `connection.close`.
    case connectionClosed(BrokerError)
}

extension AMQPChannel {
    /// The next complete event, if one has arrived. Never waits.
    /// - Parameter epoch: The epoch of the deliveries.
    func nextEvent(epoch: UInt64) throws(BrokerError) -> ChannelEvent? {
        var frame = unsafe amqp_frame_t()
        var noTime = timeval()
        while true {
            let status = unsafe self.handle.withRaw { unsafe amqp_simple_wait_frame_noblock($0, &frame, &noTime) }
            guard status != CInt(AMQP_STATUS_TIMEOUT.rawValue) else { return nil }
            guard status == CInt(AMQP_STATUS_OK.rawValue) else { throw BrokerError(status: status, during: "reading") }
            if let event = unsafe self.event(frame, epoch: epoch) { return event }
        }
    }

    /// Lets the library reuse the memory of the frames that have been copied out.
    func releaseMemory() {
        unsafe self.handle.withRaw { unsafe amqp_maybe_release_buffers($0) }
    }

    private func event(_ frame: amqp_frame_t, epoch: UInt64) -> ChannelEvent? {
        switch unsafe CInt(frame.frame_type) {
        case AMQP_FRAME_METHOD: return unsafe self.event(frame.payload.method)
        case AMQP_FRAME_HEADER:
            let header = unsafe frame.payload.properties
            let properties = unsafe Decoding.properties(header.decoded.assumingMemoryBound(to: amqp_basic_properties_t.self).pointee)
            return self.content.receive(properties, size: Int(clamping: unsafe header.body_size)) ? self.complete(epoch: epoch) : nil
        case AMQP_FRAME_BODY:
            return unsafe self.content.receive(Decoding.bytes(frame.payload.body_fragment)) ? self.complete(epoch: epoch) : nil
        default: return nil
        }
    }

    private func event(_ method: amqp_method_t) -> ChannelEvent? {
        let decoded = unsafe UnsafeRawPointer(method.decoded)
        switch unsafe CUnsignedInt(method.id) {
        case AMQP_BASIC_DELIVER_METHOD:
            let deliver = unsafe decoded!.load(as: amqp_basic_deliver_t.self)
            unsafe self.content.begin(
                .delivery(
                    tag: deliver.delivery_tag, redelivered: deliver.redelivered != 0, exchange: Decoding.text(deliver.exchange),
                    routingKey: Decoding.text(deliver.routing_key)))
            return nil
        case AMQP_BASIC_RETURN_METHOD:
            let returned = unsafe decoded!.load(as: amqp_basic_return_t.self)
            unsafe self.content.begin(
                .returned(
                    exchange: Decoding.text(returned.exchange), routingKey: Decoding.text(returned.routing_key),
                    reason: Decoding.text(returned.reply_text)))
            return nil
        case AMQP_BASIC_ACK_METHOD:
            let ack = unsafe decoded!.load(as: amqp_basic_ack_t.self)
            return .acknowledged(tag: ack.delivery_tag, multiple: ack.multiple != 0)
        case AMQP_BASIC_NACK_METHOD:
            let nack = unsafe decoded!.load(as: amqp_basic_nack_t.self)
            return .refused(tag: nack.delivery_tag, multiple: nack.multiple != 0)
        case AMQP_CONNECTION_BLOCKED_METHOD:
            return .blocked(reason: unsafe Decoding.text(decoded!.load(as: amqp_connection_blocked_t.self).reason))
        case AMQP_CONNECTION_UNBLOCKED_METHOD: return .unblocked
        case AMQP_BASIC_CANCEL_METHOD: return .consumerCancelled
        case AMQP_CHANNEL_CLOSE_METHOD: return unsafe BrokerError(closedBy: method).map(ChannelEvent.channelClosed)
        case AMQP_CONNECTION_CLOSE_METHOD: return unsafe BrokerError(closedBy: method).map(ChannelEvent.connectionClosed)
        default: return nil
        }
    }

    private func complete(epoch: UInt64) -> ChannelEvent? {
        let (method, properties, body) = self.content.take()
        switch method {
        case .delivery(let tag, let redelivered, let exchange, let routingKey):
            return .delivered(
                Delivery(
                    deliveryTag: tag, epoch: epoch, redelivered: redelivered,
                    deliveryCount: Int(clamping: properties.headers["x-delivery-count"]?.int ?? 0), exchange: exchange, routingKey: routingKey,
                    properties: properties, body: body))
        case .returned(let exchange, let routingKey, let reason):
            return .returned(exchange: exchange, routingKey: routingKey, messageID: properties.messageID, reason: reason)
        case nil: return nil
        }
    }
}
