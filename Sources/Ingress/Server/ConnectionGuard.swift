import Conveyor
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import Shop

/// Protects one HTTP/1 connection: every input gets an answer, if necessary a problem, or the connection ends.
///
/// It stands between the parser and the other handlers. It answers input that the parser refuses, sends `100 Continue`, limits the time of heads and
/// bodies and the open bytes per client, and closes the connection after `close`, an error, or the server's stop: its own side first, so that the
/// client can still read the answer.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let policy: ConnectionPolicy
    /// Requests without a complete answer.
    private var unanswered = 0
    /// Whether the body of the newest request is still arriving.
    private var isReading = false
    private var hasBegunAnswer = false
    /// The problem for input that is not a request; sent after the open answers.
    private var refusal: Problem?
    private var closesWhenAnswered = false
    /// Whether the last answer was sent; further input is dropped.
    private var isClosing = false
    /// Whether the newest request is HTTP/1.0.
    private var isOld = false
    private var deadline: Scheduled<Void>?
    /// The headers of the newest request while its body is arriving.
    private var headers: HTTPHeaders = [:]
    private var body: OpenBody
    /// Whether an incomplete head has arrived.
    fileprivate var hasPartOfHead = false
    /// Whether the server is stopping.
    private var isDraining = false

    init(_ policy: ConnectionPolicy) {
        self.policy = policy
        self.body = OpenBody(policy.bodies)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.deadline?.cancel()
        self.body.close()
    }

    // MARK: Inbound

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if self.isClosing || self.refusal != nil { return }
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.hasPartOfHead = false
            self.setDeadline(nil)
            // After `close` the client sends no further request.
            if self.closesWhenAnswered { return }
            if let problem = self.begin(head, context) { return self.refuse(problem, context) }
        case .body(let buffer): self.body.came(buffer.readableBytes)
        case .end:
            guard self.isReading else { return }
            self.isReading = false
            self.hasPartOfHead = false
            self.headers = [:]
            self.setDeadline(nil)
        }
        context.fireChannelRead(data)
    }

    private func setDeadline(_ deadline: Scheduled<Void>?) {
        self.deadline?.cancel()
        self.deadline = deadline
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Most requests come whole; only the others need a timer and counted bytes.
        if self.isReading, !self.isClosing, !self.body.count(of: { self.client(context) }) {
            self.giveUp(OpenBody.tooMuch, context)
        } else if self.isReading, self.deadline == nil {
            self.setDeadline(self.schedule(in: self.policy.limits.bodyTime, context) { if self.isReading { self.giveUp(OpenBody.tooLate, $0) } })
        } else if self.hasPartOfHead, self.unanswered == 0, self.deadline == nil {
            self.setDeadline(
                self.schedule(in: self.policy.limits.headersTime, context) {
                    self.refuse(Problem(.requestTimeout, "The request headers took too long to arrive."), $0)
                })
        }
        if self.isClosing { context.read() }
        context.fireChannelReadComplete()
    }

    private func schedule(
        in time: TimeAmount, _ context: ChannelHandlerContext, _ act: @escaping (ChannelHandlerContext) -> Void
    ) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: time) { act(context) }
    }

    private func client(_ context: ChannelHandlerContext) -> IPAddress {
        self.policy.clients.client(of: self.headers, peer: context.channel.remoteAddress.flatMap { IPAddress($0) } ?? .unspecified)
    }

    /// Notes the request's demands on its connection.
    /// - Returns: why the request is refused.
    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) -> Problem? {
        var hosts = 0
        var isHostValid = true
        var expectsContinue = false
        var length = 0
        var isCoded = false
        if !head.isKeepAlive || head.method == .CONNECT { self.closesWhenAnswered = true }
        for (name, value) in head.headers {
            switch name.utf8.count {
            case 4 where name.lowercased() == "host":
                hosts += 1
                isHostValid = Host.isValid(value)
            case 6 where name.lowercased() == "expect": expectsContinue = value.lowercased() == "100-continue"
            // The parser treats the following bytes as another protocol, which the server does not support.
            case 7 where name.lowercased() == "upgrade": self.closesWhenAnswered = true
            case 14 where name.lowercased() == "content-length": length = Int(value) ?? .max
            // The parser decodes only chunked bodies, and would pass other encodings through as the body.
            case 17 where name.lowercased() == "transfer-encoding": isCoded = isCoded || value.lowercased() != "chunked"
            default: break
            }
        }
        self.isOld = head.version.minor == 0
        if hosts == 0, !self.isOld { return Problem(.badRequest, "The header Host is missing.") }
        if hosts > 1 || !isHostValid { return Host.problem }
        if isCoded { return Problem(.notImplemented, "The only Transfer-Encoding supported is chunked.") }
        if self.isDraining { self.closesWhenAnswered = true }
        self.unanswered += 1
        self.isReading = true
        self.headers = head.headers
        if expectsContinue, !self.isOld, self.unanswered == 1, length <= self.policy.bodyLimit {
            context.writeAndFlush(self.wrapOutboundOut(.head(.init(version: .http1_1, status: .continue))), promise: nil)
        }
        return nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if self.isClosing || self.refusal != nil { return }
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(ConnectionLost(reason: error)) }
        guard self.isReading else {
            // After a request with `close` all input is ignored.
            if !self.closesWhenAnswered { self.refuse(Problem(error), context) }
            return
        }
        // The reader of the body receives the error, and answers.
        self.closesWhenAnswered = true
        if self.unanswered == 0 { return self.beginClosing(context) }
        context.fireErrorCaught(error)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if self.isClosing, event as? ChannelEvent == .inputClosed { return context.close(promise: nil) }
        if event is ChannelShouldQuiesceEvent { return self.drain(context) }
        context.fireUserInboundEventTriggered(event)
    }

    /// The server stops: open requests, and one already on its way, are still answered; each answer announces that it is the last.
    private func drain(_ context: ChannelHandlerContext) {
        self.isDraining = true
        if self.unanswered > 0 {
            self.closesWhenAnswered = true
        } else if !self.isClosing {
            self.setDeadline(
                self.schedule(in: self.policy.limits.drainTime, context) { if self.unanswered == 0, !self.isClosing { $0.close(promise: nil) } })
        }
    }

    /// Stops waiting for the rest of a body.
    private func giveUp(_ problem: Problem, _ context: ChannelHandlerContext) {
        if self.isClosing { return }
        if self.unanswered == 1, !self.hasBegunAnswer {
            self.write(problem, context)
        } else if self.unanswered == 0 {
            self.beginClosing(context)
        } else {
            context.close(promise: nil)
        }
    }

    // MARK: Outbound

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if self.isClosing {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch self.unwrapOutboundIn(data) {
        case .head(var head):
            self.hasBegunAnswer = true
            if head.headers.first(name: "connection") == "close" {
                self.closesWhenAnswered = true
            } else if self.closesWhenAnswered, self.unanswered == 1 {
                head.headers.replaceOrAdd(name: "connection", value: "close")
            } else if self.isOld {
                head.headers.replaceOrAdd(name: "connection", value: "keep-alive")
            }
            if self.isOld { head.version = .http1_0 }
            context.write(self.wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            self.hasBegunAnswer = false
            self.unanswered -= 1
            context.write(data, promise: promise)
            guard self.unanswered == 0 else { return }
            self.body.close()
            if let refusal = self.refusal {
                self.write(refusal, context)
            } else if self.closesWhenAnswered {
                self.beginClosing(context)
            }
        }
    }

    /// Answers input that is not a request, after the requests before it.
    private func refuse(_ problem: Problem, _ context: ChannelHandlerContext) {
        if self.unanswered == 0 { self.write(problem, context) } else { self.refusal = problem }
    }

    /// Writes a problem as the last answer.
    private func write(_ problem: Problem, _ context: ChannelHandlerContext) {
        let answer = PlainAnswer(problem)
        var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: problem.code.status), headers: ["connection": "close"])
        head.headers.add(contentsOf: answer.headers)
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        context.write(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        context.write(self.wrapOutboundOut(.end(nil)), promise: nil)
        self.beginClosing(context)
    }

    /// Closes our side after the last byte, and the connection when the client has closed its own side or takes too long.
    ///
    /// If both directions were closed at once with input unread, the kernel would discard output that the client has not read yet.
    private func beginClosing(_ context: ChannelHandlerContext) {
        self.isClosing = true
        self.body.close()
        let sent = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer()))), promise: sent)
        sent.futureResult.assumeIsolated().whenComplete { _ in context.close(mode: .output, promise: nil) }
        self.setDeadline(self.schedule(in: self.policy.limits.lingerTime, context) { $0.close(promise: nil) })
        context.read()
    }
}

/// Tells the guard that bytes came, which are not a head before the parser says so.
private final class HeadWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: ConnectionGuard

    init(_ connection: ConnectionGuard) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.connection.hasPartOfHead = true
        context.fireChannelRead(data)
    }
}

/// Inserts a ``ConnectionGuard`` behind the HTTP/1 parser, or a ``StreamGuard`` into an HTTP/2 stream. The server allows that only after it has set up
/// the pipeline.
final class GuardInstaller: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let policy: ConnectionPolicy

    init(_ policy: ConnectionPolicy) { self.policy = policy }

    func handlerAdded(context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        do {
            if let parser = try? pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self) {
                let connection = ConnectionGuard(self.policy)
                try pipeline.addHandler(connection, position: .before(pipeline.handler(type: HTTP1ToHTTPServerCodec.self)))
                try pipeline.addHandler(HeadWatch(connection), position: .before(parser))
            } else {
                try pipeline.addHandler(StreamGuard(self.policy), position: .after(self))
            }
        } catch {
            context.close(promise: nil)
        }
        pipeline.removeHandler(context: context, promise: nil)
    }
}

extension Problem {
    /// The problem for input that the parser refused.
    init(_ error: HTTPParserError) {
        switch error {
        case .headerOverflow: self.init(.headersTooLarge, "The request's headers are too long, or too many.")
        case .invalidMethod: self.init(.methodNotAllowed, "There is no such method.")
        case .invalidEOFState, .closedConnection: self.init(.badRequest, "The request ended too early.")
        case .invalidContentLength, .unexpectedContentLength: self.init(.badRequest, "The length of the body is not clear.")
        case .invalidChunkSize: self.init(.badRequest, "A chunk of the body has no valid size.")
        case .invalidURL: self.init(.badRequest, "The request has no valid target.")
        case .invalidVersion: self.init(.badRequest, "This is not HTTP/1.0 or HTTP/1.1.")
        default: self.init(.badRequest, "This is not a request of HTTP.")
        }
    }
}
