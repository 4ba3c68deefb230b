import Conveyor
import HummingbirdCore
import Logging
import NIOCore
import NIOSSL

/// Accepts a limited number of connections per client, and watches their progress.
struct ClientChannel<Base: ServerChildChannel>: ServerChildChannel {
    let base: Base
    let clients: ClientAddress
    let limits: ServerLimits
    let connections: ConcurrencyLimit<IPAddress>
    /// Answers whole requests, if the connection is HTTP/1 from its beginning.
    var responder: WholeRequestHandler.Responder?

    private struct Refused: Error {}

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Accepted<Base>> {
        // The connections of a trusted proxy belong to many clients, so their requests are limited instead.
        if let peer = channel.remoteAddress.flatMap({ IPAddress($0) }), !self.clients.isTrusted(peer) {
            guard let place = self.connections.place(for: peer.network) else {
                channel.reset()
                return channel.eventLoop.makeFailedFuture(Refused())
            }
            channel.closeFuture.whenComplete { _ in withExtendedLifetime(place) {} }
        }
        do {
            try channel.pipeline.syncOperations.addHandler(SocketWatch(time: self.limits.writeTime))
        } catch {
            channel.close(promise: nil)
            return channel.eventLoop.makeFailedFuture(error)
        }
        return self.base.setup(channel: channel, logger: logger).map { Accepted($0, by: self.base, logger: logger) }.flatMapThrowing { accepted in
            let pipeline = channel.pipeline.syncOperations
            if let tls = try? pipeline.handler(type: NIOSSLServerHandler.self) {
                try pipeline.addHandler(TLSWatch(limits: self.limits), position: .after(tls))
            }
            if let responder {
                let state = try pipeline.handler(type: HTTPConnectionStateHandler.self)
                let whole = WholeRequestHandler(responder: responder, loop: channel.eventLoop, logger: logger)
                try pipeline.addHandler(whole, position: .after(state))
            }
            return accepted
        }
    }

    func handle(value: Accepted<Base>, logger: Logger) async { await value.handle() }
}
