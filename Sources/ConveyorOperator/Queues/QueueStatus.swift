import FoundationEssentials

/// The current state of a work queue.
struct QueueStatus: Sendable, Encodable {
    var name: String
    /// Ready messages.
    var ready = 0
    /// Unacknowledged messages.
    var unacked = 0
    /// Failed messages that wait for their next attempt.
    var retrying = 0
    /// Open dead letters, and those on their way to the recorder.
    var dead = 0
    /// Consuming worker processes.
    var consumers = 0
    /// Messages per second, averaged by the broker over its last seconds.
    var publishRate = 0.0
    /// Messages per second, averaged by the broker over its last seconds.
    var deliverRate = 0.0
    /// Age of the oldest waiting or running message, to a few seconds; 0 without one, nil if the recorder has not measured it.
    var oldestSeconds: Double?
    /// Paused by an operator.
    var paused = false
    var pausedBy: String?
    var pausedAt: Date?
    var pausedReason: String?

    enum CodingKeys: String, CodingKey {
        case name, ready, unacked, retrying, dead, consumers
        case publishRate = "publish_rate"
        case deliverRate = "deliver_rate"
        case oldestSeconds = "oldest_seconds"
        case paused
        case pausedBy = "paused_by"
        case pausedAt = "paused_at"
        case pausedReason = "paused_reason"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.name, forKey: .name)
        try container.encode(self.ready, forKey: .ready)
        try container.encode(self.unacked, forKey: .unacked)
        try container.encode(self.retrying, forKey: .retrying)
        try container.encode(self.dead, forKey: .dead)
        try container.encode(self.consumers, forKey: .consumers)
        try container.encode(self.publishRate, forKey: .publishRate)
        try container.encode(self.deliverRate, forKey: .deliverRate)
        try container.encode(self.oldestSeconds, forKey: .oldestSeconds)
        try container.encode(self.paused, forKey: .paused)
        try container.encode(self.pausedBy, forKey: .pausedBy)
        try container.encode(self.pausedAt, forKey: .pausedAt)
        try container.encode(self.pausedReason, forKey: .pausedReason)
    }
}
