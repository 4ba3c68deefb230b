import Conveyor
import NIOCore

/// What the guards of all connections go by.
struct ConnectionPolicy: Sendable {
    let clients: ClientAddress
    let limits: ServerLimits
    /// Bytes that clients have open.
    let bodies: ConcurrencyLimit<IPAddress>
    /// Beyond so many bytes no client is told to go on.
    let bodyLimit: Int

    init(clients: ClientAddress, limits: ServerLimits, bodyLimit: Int) {
        self.clients = clients
        self.limits = limits
        self.bodies = ConcurrencyLimit(limits.bodyBytes)
        self.bodyLimit = bodyLimit
    }
}

/// What requests on one connection, or stream, have of the bytes that their client may have open. Most bodies come whole, and are never counted.
struct OpenBody {
    private let limit: ConcurrencyLimit<IPAddress>
    /// Came, but is not counted yet.
    private var uncounted = 0
    private var counted: (client: IPAddress, bytes: Int)?

    init(_ limit: ConcurrencyLimit<IPAddress>) { self.limit = limit }

    /// Notes what came.
    mutating func came(_ bytes: Int) { self.uncounted += bytes }

    /// Counts what came, as more is to come.
    /// - Returns: false if the client has too much open.
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

/// The client, or its connection, is no more.
struct ConnectionLost: Error {
    let reason: any Error
}
