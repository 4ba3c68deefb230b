import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes

/// Answers the requests that come whole and short, which are nearly all, on the event loop that they come on.
///
/// Hummingbird hands the parts of a request to its task through an asynchronous stream. That suits bodies of any length, and costs a request of one packet
/// more than its answer does. This handler stands before that stream: it gathers a short request, runs the same middleware and routes on it, and writes
/// the answer. As long as an answer needs nothing from elsewhere, no task is scheduled for it at all. A long or chunked body goes on to Hummingbird.
///
/// Requests are answered one after the other: what a client sends meanwhile is held, and when one has come whole no more is read.
final class WholeRequestHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How a request becomes an answer: with all middleware.
    typealias Responder = @Sendable (Request, IngressContext) async throws -> Response

    /// No longer body is gathered here.
    static let bodyLimit = 16 << 10

    private enum State {
        /// Nothing is being done here.
        case idle
        case gathering(HTTPRequest, body: ByteBuffer?)
        case answering
    }

    private let responder: Responder
    private let logger: Logger
    private let executor: LoopExecutor
    private var date = HTTPDate()
    private var state = State.idle
    /// Requests that went on to Hummingbird and are not answered.
    private var passed = 0
    /// What came while a request was being answered.
    private var held: CircularBuffer<HTTPRequestPart> = []
    private var isReadHeld = false
    private var isTakingHeld = false
    /// The client closed its side while its request was being answered; what stands behind would close the other for it.
    private var isInputClosedHeld = false

    init(responder: @escaping Responder, loop: any EventLoop, logger: Logger) {
        self.responder = responder
        self.logger = logger
        self.executor = LoopExecutor(loop: loop)
    }

    /// Whether a whole request is held: then no more is read.
    private var holdsRequest: Bool { self.held.contains { if case .end = $0 { true } else { false } } }
    private var isAnswering: Bool { if case .answering = self.state { true } else { false } }

    // MARK: What comes in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = self.unwrapInboundIn(data)
        if self.isAnswering {
            self.held.append(part)
        } else {
            self.take(part, context)
        }
    }

    private func take(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch (part, self.state) {
        case (.head(let head), _):
            if self.passed == 0, Self.isWhole(head) {
                self.state = .gathering(head, body: nil)
            } else {
                self.passed += 1
                context.fireChannelRead(self.wrapInboundOut(part))
            }
        case (.body(let more), .gathering(let head, var body)):
            // The first is nearly always all, and kept as it is.
            if body == nil { body = more } else { body?.writeImmutableBuffer(more) }
            self.state = .gathering(head, body: body)
        case (.end, .gathering(let head, let body)): self.answer(head, body ?? ByteBuffer(), context)
        default: context.fireChannelRead(self.wrapInboundOut(part))
        }
    }

    private static func isWhole(_ head: HTTPRequest) -> Bool {
        guard head.headerFields[.transferEncoding] == nil else { return false }
        guard let length = head.headerFields[.contentLength] else { return true }
        return Int(length).map { $0 <= self.bodyLimit } ?? false
    }

    func read(context: ChannelHandlerContext) {
        if self.holdsRequest { self.isReadHeld = true } else { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if self.isAnswering, event as? ChannelEvent == .inputClosed {
            self.isInputClosedHeld = true
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Whoever reads the body hears of it, and answers.
        self.passOn(context)
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.passOn(context)
        self.held.removeAll()
        context.fireChannelInactive()
    }

    /// A request whose rest does not come is Hummingbird's.
    private func passOn(_ context: ChannelHandlerContext) {
        guard case .gathering(let head, let body) = self.state else { return }
        self.state = .idle
        self.passed += 1
        context.fireChannelRead(self.wrapInboundOut(.head(head)))
        if let body { context.fireChannelRead(self.wrapInboundOut(.body(body))) }
    }

    // MARK: What goes out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = self.unwrapOutboundIn(data) { self.passed -= 1 }
        context.write(data, promise: promise)
    }

    private func answer(_ head: HTTPRequest, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        self.state = .answering
        let request = Request(head: head, body: .init(buffer: body))
        let requestContext = IngressContext(source: .init(channel: context.channel, logger: self.logger))
        let connection = Connection(handler: self, context: context)
        Task.immediate(executorPreference: self.executor) { [responder] in
            do {
                let response = try await responder(request, requestContext)
                connection.write(response.head)
                try await response.body.write(BodyWriter(connection: connection, isWhole: response.body.contentLength != nil))
                connection.answered()
            } catch {
                // It cannot be answered, or not to the end: the client has gone.
                connection.close()
            }
        }
    }

    private func answered(_ context: ChannelHandlerContext) {
        self.state = .idle
        // Else the loop below goes on.
        guard !self.isTakingHeld else { return }
        self.isTakingHeld = true
        while !self.isAnswering, let part = self.held.popFirst() { self.take(part, context) }
        self.isTakingHeld = false
        if self.isAnswering { return }
        if self.isReadHeld {
            self.isReadHeld = false
            context.read()
        }
        if self.isInputClosedHeld {
            self.isInputClosedHeld = false
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
    }

    /// The handler's connection, as its task reaches it: on the loop.
    private struct Connection: Sendable {
        private let bound: NIOLoopBound<(handler: WholeRequestHandler, context: ChannelHandlerContext)>

        init(handler: WholeRequestHandler, context: ChannelHandlerContext) {
            self.bound = NIOLoopBound((handler, context), eventLoop: context.eventLoop)
        }

        func write(_ part: HTTPResponsePart) {
            let (handler, context) = self.bound.value
            context.write(handler.wrapOutboundOut(part), promise: nil)
        }

        func write(_ head: HTTPResponse) {
            var head = head
            head.headerFields[.date] = self.bound.value.handler.date.text
            self.write(.head(head))
        }

        func flush() { self.bound.value.context.flush() }

        /// Writes and sends, and waits if more is on its way than the client takes in.
        func send(_ part: HTTPResponsePart) async throws {
            let (handler, context) = self.bound.value
            guard context.channel.isActive else { throw ChannelError.ioOnClosedChannel }
            let sent = context.eventLoop.makePromise(of: Void.self)
            context.writeAndFlush(handler.wrapOutboundOut(part), promise: sent)
            if !context.channel.isWritable { try await sent.futureResult.get() }
        }

        func answered() {
            let (handler, context) = self.bound.value
            handler.answered(context)
        }

        func close() { self.bound.value.context.close(promise: nil) }
    }

    private struct BodyWriter: ResponseBodyWriter {
        let connection: Connection
        /// Its parts go out together; else each as it comes.
        let isWhole: Bool

        func write(_ buffer: ByteBuffer) async throws {
            if self.isWhole { self.connection.write(.body(buffer)) } else { try await self.connection.send(.body(buffer)) }
        }

        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
            self.connection.write(.end(trailingHeaders))
            self.connection.flush()
        }
    }
}
