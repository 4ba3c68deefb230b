import Conveyor
import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Shop

/// Protects one HTTP/2 stream as ``ConnectionGuard`` protects an HTTP/1 connection: limits the time of its body and its client's open bytes, and
/// requires the client to read the answer.
final class StreamGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let policy: ConnectionPolicy
    private var isReading = false
    private var hasBegunAnswer = false
    /// Whether this side has ended the stream.
    private var isOver = false
    private var head: HTTPFields = [:]
    private var body: OpenBody
    private var deadline: Scheduled<Void>?
    /// Parts of the answer that the client's window has admitted.
    private var sent = 0
    private var check: Scheduled<Void>?
    let departure = Departure()

    init(_ policy: ConnectionPolicy) {
        self.policy = policy
        self.body = OpenBody(policy.bodies)
    }

    func handlerAdded(context: ChannelHandlerContext) { Self.connection(of: context)?.streamBegan() }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.deadline?.cancel()
        self.check?.cancel()
        self.body.close()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let parent = context.channel.parent { Self.connection(of: context)?.streamEnded(parent) }
        self.departure.happened()
        context.fireChannelInactive()
    }

    private static func connection(of context: ChannelHandlerContext) -> TLSWatch? {
        try? context.channel.parent?.pipeline.syncOperations.handler(type: TLSWatch.self)
    }

    // MARK: Inbound

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if self.isOver { return }
        switch Self.unwrapInboundIn(data) {
        case .head(let request):
            self.isReading = true
            self.head = request.headerFields
            let hosts = request.headerFields[values: .hostLine] + (request.authority.map { [$0] } ?? [])
            guard hosts.allSatisfy({ $0 == hosts[0] && Host.isValid($0) }) else { return self.refuse(Host.problem, context) }
        case .body(let buffer): self.body.came(buffer.readableBytes)
        case .end:
            self.isReading = false
            self.deadline?.cancel()
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if self.isReading, !self.isOver {
            if !self.body.count(of: { self.client(context) }) {
                self.refuse(OpenBody.tooMuch, context)
            } else if self.deadline == nil {
                self.deadline = context.eventLoop.assumeIsolated().scheduleTask(in: self.policy.limits.bodyTime) {
                    if self.isReading { self.refuse(OpenBody.tooLate, context) }
                }
            }
        }
        context.fireChannelReadComplete()
    }

    private func client(_ context: ChannelHandlerContext) -> IPAddress {
        self.policy.clients.client(of: self.head, peer: context.channel.remoteAddress.flatMap { IPAddress($0) } ?? .unspecified)
    }

    /// The client reset the stream or closed its connection.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.departure.happened()
        context.fireErrorCaught(ConnectionLost(reason: error))
    }

    // MARK: Outbound

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if self.isOver {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch Self.unwrapOutboundIn(data) {
        case .head(var head):
            self.hasBegunAnswer = true
            // This header would make the answer invalid (RFC 9113, section 8.2.2). A stream ends with its answer anyway.
            head.headerFields[.connection] = nil
            context.write(Self.wrapOutboundOut(.head(head)), promise: promise)
        case .body(var buffer) where buffer.readableBytes > SocketWatch.step:
            // In pieces, to see the client's progress.
            while let piece = buffer.readSlice(length: min(buffer.readableBytes, SocketWatch.step)), piece.readableBytes > 0 {
                let taken = context.eventLoop.makePromise(of: Void.self)
                taken.futureResult.assumeIsolated().whenSuccess { self.sent += 1 }
                if buffer.readableBytes == 0 { taken.futureResult.cascade(to: promise) }
                context.write(Self.wrapOutboundOut(.body(piece)), promise: taken)
            }
        case .body: context.write(data, promise: promise)
        case .end:
            self.body.close()
            context.write(data, promise: promise)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            self.check?.cancel()
            self.check = nil
        } else if self.check == nil {
            self.schedule(context, sent: self.sent, since: .now())
        }
        context.fireChannelWritabilityChanged()
    }

    private func schedule(_ context: ChannelHandlerContext, sent: Int, since: NIODeadline) {
        let time = self.policy.limits.writeTime
        self.check = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(time.nanoseconds / 4)) {
            if self.sent != sent { return self.schedule(context, sent: self.sent, since: .now()) }
            if NIODeadline.now() - since < time { return self.schedule(context, sent: sent, since: since) }
            context.close(promise: nil)
        }
    }

    /// Answers with a problem if no answer has begun, and ends the stream.
    private func refuse(_ problem: Problem, _ context: ChannelHandlerContext) {
        if !self.hasBegunAnswer {
            let answer = PlainAnswer(problem)
            var head = HTTPResponse(status: .init(code: problem.code.status))
            for (name, value) in answer.headers { if let name = HTTPField.Name(name) { head.headerFields[name] = value } }
            context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
            context.write(Self.wrapOutboundOut(.body(ByteBuffer(bytes: answer.body))), promise: nil)
            context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
        }
        self.isOver = true
        self.deadline?.cancel()
        self.body.close()
        context.close(promise: nil)
    }
}

extension HTTPField.Name {
    static let hostLine = Self("Host")!
}
