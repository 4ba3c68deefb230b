import Conveyor

/// The limits of simultaneous deliveries and of their retries.
struct DeliveryLimits: Sendable {
    /// Simultaneous deliveries to one endpoint. A failing endpoint gets one at a time, so that it does not use up ``inFlight``.
    static let perEndpoint: Int32 = 8
    static let perFailingEndpoint: Int32 = 1
    /// Simultaneous deliveries of this process.
    static let inFlight = 256
    /// The time limit of one delivery, including the look-up of its host.
    static let timeout = Duration.seconds(10)
    /// The stored part of an answer, in bytes.
    static let answerBytes = 64 << 10
    /// The time in seconds for which a process owns a delivery: longer than an attempt takes.
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
