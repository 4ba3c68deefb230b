import FoundationEssentials

/// The present mode of webhook delivery; the control API changes it.
struct WebhookMode: Sendable {
    /// The endpoint; nil sends nothing.
    var url: String?
    /// While it is true, events wait.
    var isPaused = false
    /// The number of simultaneous copies of each event.
    var copies = 1
    /// Whether due events are sent in random order.
    var isShuffled = false
    /// Seconds that each event waits before its first attempt.
    var delay = 0.0
    /// Seconds before the second attempt; doubles with each further attempt, up to `retryCap`.
    var retryBase = 1.0
    var retryCap = 60.0
    /// The time limit of an attempt, in seconds.
    var timeout = 10.0

    /// Stripe gives up after three days.
    static let lifetime = 3 * 24 * 3600

    /// Whether a text is an absolute `http` or `https` URL.
    static func isAddress(_ text: String) -> Bool {
        guard let url = URL(string: text), let host = url.host() else { return false }
        return ["http", "https"].contains(url.scheme) && !host.isEmpty
    }

    /// Seconds to wait after this number of failed attempts.
    func backoff(after attempts: Int) -> Double { min(self.retryCap, self.retryBase * Double(1 << min(max(attempts - 1, 0), 30))) }

    var json: JSON {
        [
            "url": .text(self.url), "paused": .bool(self.isPaused), "copies": .integer(self.copies), "shuffled": .bool(self.isShuffled),
            "delay": .number(self.delay), "retry_base": .number(self.retryBase), "retry_cap": .number(self.retryCap),
            "timeout": .number(self.timeout),
        ]
    }

    /// Changes the named parameters; `mode` is a shorthand for common combinations.
    mutating func change(_ parameters: inout Parameters) throws(StripeError) {
        enum Mode: String, CaseIterable { case normal, paused, doubled, shuffled, delayed }
        var mode = self
        switch try parameters.choice("mode", as: Mode.self) {
        case nil: break
        case .normal: (mode.isPaused, mode.copies, mode.isShuffled, mode.delay) = (false, 1, false, 0)
        case .paused: mode.isPaused = true
        case .doubled: mode.copies = 2
        case .shuffled: mode.isShuffled = true
        case .delayed: mode.delay = 2
        }
        if let url = try parameters.text("url") { mode.url = url }
        if let isPaused = try parameters.boolean("paused") { mode.isPaused = isPaused }
        if let copies = try parameters.integer("copies") { mode.copies = min(max(copies, 1), 100) }
        if let isShuffled = try parameters.boolean("shuffled") { mode.isShuffled = isShuffled }
        if let delay = try parameters.seconds("delay") { mode.delay = max(delay, 0) }
        if let base = try parameters.seconds("retry_base") { mode.retryBase = max(base, 0.01) }
        if let cap = try parameters.seconds("retry_cap") { mode.retryCap = max(cap, 0.01) }
        if let timeout = try parameters.seconds("timeout") { mode.timeout = max(timeout, 0.1) }
        try parameters.refuseUnknown()
        if let url = mode.url, !Self.isAddress(url) { throw .badRequest("Not a valid URL", code: "url_invalid", param: "url") }
        self = mode
    }
}
