import NIOCore
import NIOTLS

/// Behind the TLS handler: closes a connection whose handshake takes too long, or an HTTP/2 connection that has no stream for too long, whether or
/// not its client reacts.
final class TLSWatch: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    private let limits: ServerLimits
    private var deadline: Scheduled<Void>?
    private var streams = 0
    private var isHTTP2 = false

    init(limits: ServerLimits) { self.limits = limits }

    func handlerAdded(context: ChannelHandlerContext) { self.close(context, in: self.limits.handshakeTime) }

    func handlerRemoved(context: ChannelHandlerContext) { self.deadline?.cancel() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let negotiated) = event as? TLSUserEvent {
            self.deadline?.cancel()
            self.isHTTP2 = negotiated == "h2"
            if self.isHTTP2 { self.close(context, in: self.idleTime) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// GOAWAY after the idle time; a client that ignores it gets a little more.
    private var idleTime: TimeAmount { self.limits.keepAlive + self.limits.handshakeTime }

    private func close(_ context: ChannelHandlerContext, in time: TimeAmount) {
        self.deadline = context.eventLoop.assumeIsolated().scheduleTask(in: time) { context.channel.reset() }
    }

    /// An HTTP/2 stream began.
    func streamBegan() {
        self.streams += 1
        self.deadline?.cancel()
    }

    /// An HTTP/2 stream ended.
    func streamEnded(_ channel: any Channel) {
        self.streams -= 1
        guard self.streams == 0, channel.isActive, let context = try? channel.pipeline.syncOperations.context(handler: self) else { return }
        self.close(context, in: self.idleTime)
    }
}
