import CRabbitMQ

extension BrokerConfiguration {
    /// The version of librabbitmq that this process uses, e.g. `0.11.0`.
    public static var libraryVersion: String { unsafe String(cString: amqp_version()) }
}
