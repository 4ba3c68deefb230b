import CRabbitMQ

/// Errors from the library's answers. All texts are copied at once: they live in the library's memory until its next call.
extension BrokerError {
    /// A status code of the library (`AMQP_STATUS_…`, negative).
    init(status: CInt, during act: String) {
        let text = unsafe String(cString: amqp_error_string2(status))
        let kind: Kind =
            switch amqp_status_enum_(status) {
            case AMQP_STATUS_SSL_PEER_VERIFY_FAILED, AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED: .untrusted
            case AMQP_STATUS_NO_MEMORY, AMQP_STATUS_BAD_AMQP_DATA, AMQP_STATUS_INVALID_PARAMETER, AMQP_STATUS_TABLE_TOO_BIG: .internal
            default: .unreachable
            }
        self.init(kind, "\(act): \(text)")
    }

    /// The broker's `channel.close` or `connection.close`.
    init(replyCode: UInt16, text: String) {
        let code = ReplyCode(rawValue: replyCode)
        let kind: Kind =
            switch code {
            case .accessRefused, .notAllowed, .invalidPath: .accessRefused
            default: .closedByBroker
            }
        self.init(kind, text, code: code)
    }

    /// Throws the error of a call that waits for the broker's answer.
    static func check(_ reply: amqp_rpc_reply_t, _ act: String) throws(BrokerError) {
        switch unsafe reply.reply_type {
        case AMQP_RESPONSE_NORMAL: return
        case AMQP_RESPONSE_LIBRARY_EXCEPTION: throw BrokerError(status: unsafe reply.library_error, during: act)
        case AMQP_RESPONSE_SERVER_EXCEPTION: throw unsafe BrokerError(closedBy: reply.reply) ?? BrokerError(.internal, "\(act): unexpected answer")
        default: throw .unreachable("\(act): the connection was closed")
        }
    }

    /// The error in the method, if it closes the channel or the connection.
    init?(closedBy method: amqp_method_t) {
        switch unsafe method.id {
        case amqp_method_number_t(AMQP_CHANNEL_CLOSE_METHOD):
            let close = unsafe method.decoded.load(as: amqp_channel_close_t.self)
            self.init(replyCode: unsafe close.reply_code, text: unsafe Decoding.text(close.reply_text))
        case amqp_method_number_t(AMQP_CONNECTION_CLOSE_METHOD):
            let close = unsafe method.decoded.load(as: amqp_connection_close_t.self)
            self.init(replyCode: unsafe close.reply_code, text: unsafe Decoding.text(close.reply_text))
        default: return nil
        }
    }

    /// Whether the broker closed only the channel, because of an operation on it.
    var isOfChannel: Bool {
        switch self.code {
        case .accessRefused, .notFound, .resourceLocked, .preconditionFailed: true
        default: false
        }
    }

    /// The name in `NOT_FOUND - no exchange 'name' in vhost '/'`.
    var missingExchange: String? {
        guard self.code == .notFound, let start = self.message.firstRange(of: "no exchange '")?.upperBound else { return nil }
        return self.message[start...].firstRange(of: "' in vhost '").map { String(self.message[start..<$0.lowerBound]) }
    }
}
