import Glibc
import NIOCore

/// Next to the socket, where it sees what the kernel has taken: lets a connection go whose client does not take in what is sent to it, and notices when
/// the client goes away.
final class SocketWatch: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes that a client takes in within ``ServerLimits/writeTime`` at least, if so many wait for it.
    static let step = 16 * 1024

    private let time: TimeAmount
    /// Bytes that were to be sent, ever.
    private var written = 0
    private var check: Scheduled<Void>?
    let departure = Departure()

    init(time: TimeAmount) { self.time = time }

    func handlerRemoved(context: ChannelHandlerContext) { self.check?.cancel() }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        self.written &+= Self.unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Half of a connection is of no use to who waits: the other half may be closed as well, which no server can see.
        if event as? ChannelEvent == .inputClosed { self.departure.happened() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.departure.happened()
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            self.check?.cancel()
            self.check = nil
        } else if self.check == nil {
            self.schedule(context, sent: self.sent(context), since: .now())
        }
        context.fireChannelWritabilityChanged()
    }

    /// Bytes that the kernel has taken, ever.
    private func sent(_ context: ChannelHandlerContext) -> Int {
        let waiting = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
        return self.written &- (waiting ?? 0)
    }

    /// Looks four times within the time, as it counts from the last progress.
    private func schedule(_ context: ChannelHandlerContext, sent: Int, since: NIODeadline) {
        self.check = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(self.time.nanoseconds / 4)) {
            let now = self.sent(context)
            if now &- sent >= Self.step { return self.schedule(context, sent: now, since: .now()) }
            if NIODeadline.now() - since < self.time { return self.schedule(context, sent: sent, since: since) }
            context.channel.reset()
        }
    }
}

extension Channel {
    /// Closes a connection at once: what the client has not taken in is dropped, by the kernel as well.
    func reset() {
        _ = (self as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        self.close(promise: nil)
    }
}
