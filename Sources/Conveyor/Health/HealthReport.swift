/// What `/health/ready` answers, of a part's own port and of the ingress.
public struct HealthReport: Sendable, Encodable {
    /// `ready` or `not_ready`.
    public let status: String
    /// What keeps the part from working, by name; empty if nothing does.
    public let unready: [String]

    /// A report of what keeps a part from working.
    public init(unready: [String]) {
        self.status = unready.isEmpty ? "ready" : "not_ready"
        self.unready = unready
    }

    /// Whether the answer is `200`, else it is `503`.
    public var isReady: Bool { self.unready.isEmpty }

    /// `{"status":"not_ready","unready":["broker: connection refused"]}`
    public var json: [UInt8] {
        // Two members of strings: that cannot fail.
        (try? JSON.encode(self)) ?? []
    }
}
