import CRabbitMQ

/// The only owner of a librabbitmq connection.
///
/// The library's rule (its README, "Threading"): a connection and everything in it belongs to one thread at a time. Only the holder of the
/// handle can use it, and it moves between threads only as a whole.
// Sendable: it cannot be copied, so two threads can never use it at the same time.
@safe struct ConnectionHandle: ~Copyable, @unchecked Sendable {
    private let raw: amqp_connection_state_t

    init() throws(BrokerError) {
        guard let raw = unsafe amqp_new_connection() else { throw BrokerError(.internal, "out of memory") }
        unsafe self.raw = raw
    }

    /// Closes the socket as well.
    deinit { _ = unsafe amqp_destroy_connection(self.raw) }

    borrowing func withRaw<Result, Failure: Error>(_ body: (amqp_connection_state_t) throws(Failure) -> Result) throws(Failure) -> Result {
        unsafe try body(self.raw)
    }
}
