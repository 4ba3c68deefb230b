import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes

/// Answers requests that come whole and short, as nearly all do, on their event loop.
///
/// Hummingbird passes the parts of a request to its task through an asynchronous stream. That suits bodies of any length, but costs a request of one
/// packet more than its answer does. This handler gathers a short request before that stream, runs the same middleware and routes on it, and writes
/// the answer. If the answer needs no other component, no task is scheduled at all. Long and chunked bodies go on to Hummingbird.
///
/// Requests are answered in order: input during an answer is held, and after a whole held request reading stops.
final class WholeRequestHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Answers a request, with all middleware.
    typealias Responder = @Sendable (Request, IngressContext) async throws -> Response

    /// The limit of a gathered body.
    static let bodyLimit = 16 << 10

    private enum State {
        /// Idle.
        case idle
        case gathering(HTTPRequest, body: ByteBuffer?)
        case answering
    }

    private let responder: Responder
    private let logger: Logger
    private let executor: LoopExecutor
    private var date = HTTPDate()
    private var state = State.idle
    /// Unanswered requests at Hummingbird.
    private var passed = 0
    /// Input that arrived during an answer.
    private var held: CircularBuffer<HTTPRequestPart> = []
    private var isReadHeld = false
    private var isTakingHeld = false
    /// The client closed its side during an answer. Held back: the next handler would close the connection.
    private var isInputClosedHeld = false

    init(responder: @escaping Responder, loop: any EventLoop, logger: Logger) {
        self.responder = responder
        self.logger = logger
        self.executor = LoopExecutor(loop: loop)
    }

    /// Whether a whole request is held, so that reading stops.
    private var holdsRequest: Bool { self.held.contains { if case .end = $0 { true } else { false } } }
    private var isAnswering: Bool { if case .answering = self.state { true } else { false } }

    // MARK: Inbound

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
            // The first part is usually everything, and kept without a copy.
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
        // The reader of the body sees the error, and answers.
        self.passOn(context)
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.passOn(context)
        self.held.removeAll()
        context.fireChannelInactive()
    }

    /// A request that does not come whole goes to Hummingbird.
    private func passOn(_ context: ChannelHandlerContext) {
        guard case .gathering(let head, let body) = self.state else { return }
        self.state = .idle
        self.passed += 1
        context.fireChannelRead(self.wrapInboundOut(.head(head)))
        if let body { context.fireChannelRead(self.wrapInboundOut(.body(body))) }
    }

    // MARK: Outbound

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
                // The client has gone, so the answer cannot be completed.
                connection.close()
            }
        }
    }

    private func answered(_ context: ChannelHandlerContext) {
        self.state = .idle
        // Otherwise the loop below continues.
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

    /// The handler's connection as its task uses it: on the event loop.
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

        /// Writes and flushes, and waits while the client is behind.
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
        /// Its parts go out together; others each as it comes.
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
