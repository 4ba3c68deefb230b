/// Asks the broker what is there, by passive declares on a short-lived connection.
public struct BrokerInspector: Sendable {
    /// An inspector that connects at each question.
    public init(configuration: BrokerConfiguration) {}

    /// Whether the queue exists.
    public func queueExists(_ name: String) async throws(BrokerError) -> Bool { false }

    /// Whether the exchange exists.
    public func exchangeExists(_ name: String) async throws(BrokerError) -> Bool { false }
}
