import Conveyor

/// How much is sent at once, and for how long a delivery is tried.
struct DeliveryLimits: Sendable {
    /// Deliveries to one endpoint side by side. One that fails is asked by one at a time, so that it holds no places of others.
    static let perEndpoint: Int32 = 8
    static let perFailingEndpoint: Int32 = 1
    /// Deliveries of this process side by side.
    static let inFlight = 256
    /// Of one delivery, the look at its name included.
    static let timeout = Duration.seconds(10)
    /// Of an answer so much is kept.
    static let answerBytes = 64 << 10
    /// How long a delivery is one process's, in seconds: longer than it takes.
    static let lease: Double = 30

    /// `WEBHOOKS_RETRY_HOURS`.
    let retrySeconds: Double
    /// `WEBHOOKS_OFF_AFTER_DAYS`.
    let offAfterSeconds: Double

    init(_ settings: Settings) throws(SettingError) {
        self.retrySeconds = try settings.double("WEBHOOKS_RETRY_HOURS", in: 0...8760) * 3600
        self.offAfterSeconds = try settings.double("WEBHOOKS_OFF_AFTER_DAYS", in: 0.000_001...3650) * 86_400
    }
}
