import Conveyor
import NIOCore

/// The settings that the guards of all connections share.
struct ConnectionPolicy: Sendable {
    let clients: ClientAddress
    let limits: ServerLimits
    /// The open bytes of each client.
    let bodies: ConcurrencyLimit<IPAddress>
    /// A request that announces a longer body gets no `100 Continue`.
    let bodyLimit: Int

    init(clients: ClientAddress, limits: ServerLimits, bodyLimit: Int) {
        self.clients = clients
        self.limits = limits
        self.bodies = ConcurrencyLimit(limits.bodyBytes)
        self.bodyLimit = bodyLimit
    }
}

/// The share of one connection or stream in its client's open bytes. Most bodies come whole and are never counted.
struct OpenBody {
    private let limit: ConcurrencyLimit<IPAddress>
    /// Bytes that have arrived and are not counted yet.
    private var uncounted = 0
    private var counted: (client: IPAddress, bytes: Int)?

    init(_ limit: ConcurrencyLimit<IPAddress>) { self.limit = limit }

    /// Notes arrived bytes.
    mutating func came(_ bytes: Int) { self.uncounted += bytes }

    /// Counts the noted bytes, since more will come.
    /// - Returns: false if the client exceeds its limit.
    mutating func count(of client: () -> IPAddress) -> Bool {
        guard self.uncounted > 0 else { return true }
        let client = self.counted?.client ?? client().network
        guard self.limit.take(client, self.uncounted) else { return false }
        self.counted = (client, (self.counted?.bytes ?? 0) + self.uncounted)
        self.uncounted = 0
        return true
    }

    /// Its request is answered.
    mutating func close() {
        self.uncounted = 0
        guard let counted = self.counted else { return }
        self.limit.giveBack(counted.client, counted.bytes)
        self.counted = nil
    }
}

/// The client or its connection is gone.
struct ConnectionLost: Error {
    let reason: any Error
}
