/// The answer of `/health/ready`, on a process' own port and of the ingress.
public struct HealthReport: Sendable, Encodable {
    /// `ready` or `not_ready`.
    public let status: String
    /// The reasons why the process is not ready; empty if it is.
    public let unready: [String]

    /// A report with these reasons.
    public init(unready: [String]) {
        self.status = unready.isEmpty ? "ready" : "not_ready"
        self.unready = unready
    }

    /// Whether the status is `200`; otherwise it is `503`.
    public var isReady: Bool { self.unready.isEmpty }

    /// `{"status":"not_ready","unready":["broker: connection refused"]}`
    public var json: [UInt8] {
        // Cannot fail: it contains only strings.
        (try? JSON.encode(self)) ?? []
    }
}
