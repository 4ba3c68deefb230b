import NIOCore
import NIOTLS

/// Behind the handler of TLS: lets a connection go whose handshake takes too long, or which has HTTP/2 and no stream for too long, whether its client
/// answers or not.
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

    /// The server says goodbye after the time of a connection without requests; whoever does not hear it gets a little more.
    private var idleTime: TimeAmount { self.limits.keepAlive + self.limits.handshakeTime }

    private func close(_ context: ChannelHandlerContext, in time: TimeAmount) {
        self.deadline = context.eventLoop.assumeIsolated().scheduleTask(in: time) { context.channel.reset() }
    }

    /// A stream of HTTP/2 began.
    func streamBegan() {
        self.streams += 1
        self.deadline?.cancel()
    }

    /// A stream of HTTP/2 ended.
    func streamEnded(_ channel: any Channel) {
        self.streams -= 1
        guard self.streams == 0, channel.isActive, let context = try? channel.pipeline.syncOperations.context(handler: self) else { return }
        self.close(context, in: self.idleTime)
    }
}
