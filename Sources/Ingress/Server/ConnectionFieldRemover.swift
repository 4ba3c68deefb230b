import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Takes `Connection` from the answers of a stream of HTTP/2: with it, the answer would be no valid one (RFC 9113, section 8.2.2). A stream ends with its
/// answer anyway.
final class ConnectionFieldRemover: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = self.unwrapOutboundIn(data), head.headerFields.contains(.connection) else {
            return context.write(data, promise: promise)
        }
        head.headerFields[.connection] = nil
        context.write(self.wrapOutboundOut(.head(head)), promise: promise)
    }
}
