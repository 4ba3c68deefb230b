import Conveyor
import NIOCore

/// What a connection or a client may take of the server.
struct ServerLimits: Sendable {
    /// For a handshake of TLS, from the first packet on.
    var handshakeTime = TimeAmount.seconds(10)
    /// For the headers of a request, from their first byte on.
    var headersTime = TimeAmount.seconds(30)
    /// For a whole body, from its first packet on.
    var bodyTime = TimeAmount.seconds(30)
    /// In which a client must have taken in some of what waits to be sent to it (``SocketWatch/step`` bytes).
    var writeTime = TimeAmount.seconds(60)
    /// A connection without a request is let go after that: longer than the proxies in front keep theirs, so that it is theirs to close.
    var keepAlive = TimeAmount.seconds(75)
    /// For a client to read the last answer and close its side.
    var lingerTime = TimeAmount.seconds(2)
    /// When the server stops, a connection without a request may still bring one that was under way.
    var drainTime = TimeAmount.milliseconds(500)

    /// Connections of a client.
    var connections = 256
    /// Requests of a client that are not answered yet.
    var requests = 64
    /// Bytes of bodies of a client whose requests are not answered yet.
    var bodyBytes = 4 << 20
    /// Requests of a client that wait for the end of an operation.
    var waits = 20
    /// Streams of events of an account.
    var streams = 10
    /// Searches of all clients that wait for their turn.
    var searches = 256

    /// - Throws: a setting is wrong.
    init(settings: Settings) throws(SettingError) {
        self.init()
        self.keepAlive = .seconds(Int64(try settings.int("KEEP_ALIVE_SECONDS", in: 1...3600)))
        // A benchmark is one client, and it is not to be held back; but nobody has the server alone.
        if try !settings.bool("RATE_LIMIT") {
            let caps: [WritableKeyPath<ServerLimits, Int>] = [\.connections, \.requests, \.bodyBytes, \.waits, \.streams]
            for cap in caps { self[keyPath: cap] *= 10 }
        }
    }

    init() {}
}
