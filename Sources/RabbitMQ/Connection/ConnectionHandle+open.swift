import CRabbitMQ
import Glibc

/// The steps up to an open channel. Each call blocks the thread, within the limits here.
extension ConnectionHandle {
    /// The requested frame size limit in bytes; RabbitMQ's own default.
    static let frameMax: CInt = 131_072
    /// Limit of TCP and TLS.
    private static let connectTimeout = timeval(tv_sec: 3, tv_usec: 0)
    /// Limit of the AMQP handshake, and of each call that waits for an answer.
    private static let answerTimeout = timeval(tv_sec: 5, tv_usec: 0)

    /// Connects, logs in, and opens the channel.
    static func open(_ node: BrokerNode, configuration: BrokerConfiguration) throws(BrokerError) -> ConnectionHandle {
        let handle = try ConnectionHandle()
        try unsafe handle.withRaw { connection throws(BrokerError) in
            let socket = try unsafe Self.makeSocket(connection, node: node, caFile: configuration.tlsCAFile)
            var limit = Self.connectTimeout
            let status = unsafe amqp_socket_open_noblock(socket, node.host, CInt(node.port), &limit)
            guard status == CInt(AMQP_STATUS_OK.rawValue) else { throw BrokerError(status: status, during: "connecting") }
            limit = Self.answerTimeout
            _ = unsafe amqp_set_handshake_timeout(connection, &limit)
            _ = unsafe amqp_set_rpc_timeout(connection, &limit)
            try unsafe Self.logIn(connection, node: node, configuration: configuration)
            _ = unsafe amqp_channel_open(connection, FrameBuffer.channel)
            try unsafe BrokerError.check(amqp_get_rpc_reply(connection), "opening the channel")
        }
        return handle
    }

    private static func makeSocket(_ connection: amqp_connection_state_t, node: BrokerNode, caFile: String?) throws(BrokerError) -> OpaquePointer {
        guard node.usesTLS else {
            guard let socket = unsafe amqp_tcp_socket_new(connection) else { throw BrokerError(.internal, "out of memory") }
            return unsafe socket
        }
        guard let socket = unsafe amqp_ssl_socket_new(connection) else { throw BrokerError(.internal, "TLS is not available") }
        unsafe amqp_ssl_socket_set_verify_peer(socket, 1)
        // OpenSSL compares the host name during the verification.
        unsafe amqp_ssl_socket_set_verify_hostname(socket, 0)
        guard unsafe crabbitmq_expect_host(socket, node.host) == 1 else { throw BrokerError(.untrusted, "the host cannot be verified") }
        _ = unsafe amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST)
        _ = unsafe crabbitmq_trust_system(socket)
        if let caFile, unsafe amqp_ssl_socket_set_cacert(socket, caFile) != CInt(AMQP_STATUS_OK.rawValue) {
            throw BrokerError(.untrusted, "the CA file \(caFile) cannot be read")
        }
        return unsafe socket
    }

    /// The capabilities of this client: without them the broker sends neither `basic.cancel` nor `connection.blocked`.
    private static func logIn(_ connection: amqp_connection_state_t, node: BrokerNode, configuration: BrokerConfiguration) throws(BrokerError) {
        var buffer = FrameBuffer()
        buffer.append([
            "connection_name": .string(configuration.connectionName),
            "product": "conveyor",
            "capabilities": .table([
                "authentication_failure_close": true, "basic.nack": true, "connection.blocked": true, "consumer_cancel_notify": true,
                "publisher_confirms": true,
            ]),
        ])
        var pool = unsafe amqp_pool_t()
        unsafe init_amqp_pool(&pool, 1024)
        defer { unsafe empty_amqp_pool(&pool) }
        try unsafe buffer.withUnsafeBytes { bytes throws(BrokerError) in
            var table = unsafe amqp_table_t()
            var offset = 0
            let encoded = unsafe amqp_bytes_t(len: bytes.count, bytes: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
            guard unsafe amqp_decode_table(encoded, &pool, &table, &offset) >= 0 else { throw BrokerError(.internal, "out of memory") }
            try unsafe BrokerError.check(
                crabbitmq_login(
                    connection, node.virtualHost, Self.frameMax, CInt(configuration.heartbeat), &table, node.user, node.password),
                "logging in")
        }
    }
}
