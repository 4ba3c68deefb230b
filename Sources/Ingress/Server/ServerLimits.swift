import Conveyor
import NIOCore

/// The limits of a connection or a client.
struct ServerLimits: Sendable {
    /// TLS handshake, from the first packet.
    var handshakeTime = TimeAmount.seconds(10)
    /// Head of a request, from its first byte.
    var headersTime = TimeAmount.seconds(30)
    /// Whole body, from its first packet.
    var bodyTime = TimeAmount.seconds(30)
    /// The time within which a client must read ``SocketWatch/step`` bytes of its answer.
    var writeTime = TimeAmount.seconds(60)
    /// Idle connection: longer than the timeout of the proxies in front, so that they close it and not the server.
    var keepAlive = TimeAmount.seconds(75)
    /// For a client to read the last answer and close its side.
    var lingerTime = TimeAmount.seconds(2)
    /// Grace of an idle connection when the server stops: a request may be on its way.
    var drainTime = TimeAmount.milliseconds(500)

    /// Connections per client.
    var connections = 256
    /// Open requests per client.
    var requests = 64
    /// Bytes in the bodies of a client's open requests.
    var bodyBytes = 4 << 20
    /// Requests per client that wait for an operation.
    var waits = 20
    /// Event streams per account.
    var streams = 10
    /// Searches of all clients that wait for their turn.
    var searches = 256

    /// - Throws: if a setting is wrong.
    init(settings: Settings) throws(SettingError) {
        self.init()
        self.keepAlive = .seconds(Int64(try settings.int("KEEP_ALIVE_SECONDS", in: 1...3600)))
        // A benchmark is one client and must not be slowed down; still, no client gets the whole server.
        if try !settings.bool("RATE_LIMIT") {
            let caps: [WritableKeyPath<ServerLimits, Int>] = [\.connections, \.requests, \.bodyBytes, \.waits, \.streams]
            for cap in caps { self[keyPath: cap] *= 10 }
        }
    }

    init() {}
}
