import Glibc
import NIOCore

/// Next to the socket, where it sees which bytes the kernel has taken: closes a connection whose client does not read its answer, and notices a
/// client's departure.
final class SocketWatch: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes that a client must take within ``ServerLimits/writeTime``, if so many wait.
    static let step = 16 * 1024

    private let time: TimeAmount
    /// Bytes written in total.
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
        // A half-closed connection counts as gone: the server cannot tell whether the other half is closed as well.
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

    /// Bytes that the kernel has taken in total.
    private func sent(_ context: ChannelHandlerContext) -> Int {
        let waiting = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
        return self.written &- (waiting ?? 0)
    }

    /// Checks four times within the limit, which counts from the last progress.
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
    /// Closes a connection at once: unread bytes are dropped, also in the kernel.
    func reset() {
        _ = (self as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        self.close(promise: nil)
    }
}
