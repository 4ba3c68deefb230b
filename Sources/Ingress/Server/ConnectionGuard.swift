import HTTPTypes
import Hummingbird
import Kit
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import Shop

/// Keeps one connection of HTTP/1 in order: whatever comes in is answered, if need be with a problem, or the connection ends.
///
/// Between the parser and everything else. It answers what the parser refuses, says `100 Continue`, gives bodies a deadline, and closes where the client or
/// an answer says so: first its own side, so that the client can still read the answer.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// For a whole body, from its first packet on.
    private static let bodyTime = TimeAmount.seconds(30)
    /// For a client to read the last answer and close its side.
    private static let lingerTime = TimeAmount.seconds(2)

    private let bodyLimit: Int
    /// Requests that came and are not answered whole.
    private var unanswered = 0
    /// The body of the newest request is still coming.
    private var isReading = false
    private var hasBegunAnswer = false
    /// What came after the unanswered requests is no request: said when they are answered.
    private var refusal: Problem?
    private var closesWhenAnswered = false
    /// The last answer was sent; what still comes is dropped.
    private var isClosing = false
    /// The newest request is of HTTP/1.0.
    private var isOld = false
    private var deadline: Scheduled<Void>?

    /// - Parameter bodyLimit: bytes beyond which no client is told to go on.
    init(bodyLimit: Int) { self.bodyLimit = bodyLimit }

    func handlerRemoved(context: ChannelHandlerContext) { self.deadline?.cancel() }

    // MARK: What comes in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if self.isClosing || self.refusal != nil { return }
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            // A client that said `close` has no more to ask.
            if self.closesWhenAnswered { return }
            if let problem = self.begin(head, context) { return self.refuse(problem, context) }
        case .body: break
        case .end:
            guard self.isReading else { return }
            self.isReading = false
            self.deadline?.cancel()
            self.deadline = nil
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Most bodies come whole: only for the others a timer is set.
        if self.isReading, self.deadline == nil {
            self.deadline = context.eventLoop.assumeIsolated().scheduleTask(in: Self.bodyTime) { self.bodyIsLate(context) }
        }
        if self.isClosing { context.read() }
        context.fireChannelReadComplete()
    }

    /// Notes what a request asks of its connection.
    /// - Returns: why it cannot be taken.
    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) -> Problem? {
        var hasHost = false
        var expectsContinue = false
        var length = 0
        if !head.isKeepAlive || head.method == .CONNECT { self.closesWhenAnswered = true }
        for (name, value) in head.headers {
            switch name.utf8.count {
            case 4 where name.lowercased() == "host": hasHost = true
            case 6 where name.lowercased() == "expect": expectsContinue = value.lowercased() == "100-continue"
            // The parser takes what follows for another protocol, which is not spoken here.
            case 7 where name.lowercased() == "upgrade": self.closesWhenAnswered = true
            case 14 where name.lowercased() == "content-length": length = Int(value) ?? .max
            default: break
            }
        }
        self.isOld = head.version.minor == 0
        if !hasHost, !self.isOld { return Problem(.badRequest, "The header Host is missing.") }
        self.unanswered += 1
        self.isReading = true
        if expectsContinue, !self.isOld, self.unanswered == 1, length <= self.bodyLimit {
            context.writeAndFlush(self.wrapOutboundOut(.head(.init(version: .http1_1, status: .continue))), promise: nil)
        }
        return nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if self.isClosing || self.refusal != nil { return }
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        guard self.isReading else {
            // Behind a request that said `close`, nothing counts.
            if !self.closesWhenAnswered { self.refuse(Problem(error), context) }
            return
        }
        // Whoever reads the body hears of it, and answers.
        self.closesWhenAnswered = true
        if self.unanswered == 0 { return self.beginClosing(context) }
        context.fireErrorCaught(error)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if self.isClosing, event as? ChannelEvent == .inputClosed { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    private func bodyIsLate(_ context: ChannelHandlerContext) {
        guard self.isReading, !self.isClosing else { return }
        if self.unanswered == 1, !self.hasBegunAnswer {
            self.write(Problem(.requestTimeout, "The body took too long to come."), context)
        } else if self.unanswered == 0 {
            self.beginClosing(context)
        } else {
            context.close(promise: nil)
        }
    }

    // MARK: What goes out

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
            if let refusal = self.refusal {
                self.write(refusal, context)
            } else if self.closesWhenAnswered {
                self.beginClosing(context)
            }
        }
    }

    /// Answers what is no request, after all that came before it.
    private func refuse(_ problem: Problem, _ context: ChannelHandlerContext) {
        if self.unanswered == 0 { self.write(problem, context) } else { self.refusal = problem }
    }

    /// Writes a problem as the last answer.
    private func write(_ problem: Problem, _ context: ChannelHandlerContext) {
        let requestID = RequestIdentity.requestID(nil)
        let body = (try? JSON.encode(ProblemBody(problem, requestID: requestID))) ?? []
        var headers: HTTPHeaders = [
            "content-type": "application/problem+json", "content-length": String(body.count), "connection": "close",
            "cache-control": "private, no-store",
            "x-content-type-options": "nosniff", "x-request-id": requestID,
        ]
        if problem.code == .methodNotAllowed { headers.add(name: "allow", value: Routes.knownMethods.joined(separator: ", ")) }
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: problem.code.status), headers: headers)
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        context.write(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        context.write(self.wrapOutboundOut(.end(nil)), promise: nil)
        Metrics.httpRequest(method: "OTHER", route: "unknown", status: problem.code.status, seconds: 0)
        self.beginClosing(context)
    }

    /// Closes our side once all is sent, and the whole when the client has closed its own, or takes too long.
    ///
    /// To close at once would make the kernel discard what the client has not read yet, if it has sent what we have not.
    private func beginClosing(_ context: ChannelHandlerContext) {
        self.isClosing = true
        self.deadline?.cancel()
        let sent = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer()))), promise: sent)
        let loop = context.eventLoop.assumeIsolated()
        sent.futureResult.assumeIsolated().whenComplete { _ in context.close(mode: .output, promise: nil) }
        self.deadline = loop.scheduleTask(in: Self.lingerTime) { context.close(promise: nil) }
        context.read()
    }
}

/// Puts a ``ConnectionGuard`` between the parser and the rest, where a server lets handlers be added only after that.
final class ConnectionGuardInstaller: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let bodyLimit: Int

    init(bodyLimit: Int) { self.bodyLimit = bodyLimit }

    func handlerAdded(context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        if let codec = try? pipeline.handler(type: HTTP1ToHTTPServerCodec.self) {
            try? pipeline.addHandler(ConnectionGuard(bodyLimit: self.bodyLimit), position: .before(codec))
        } else {
            // A stream of HTTP/2 has none: its connection keeps it in order.
            try? pipeline.addHandler(ConnectionFieldRemover(), position: .after(self))
        }
        pipeline.removeHandler(context: context, promise: nil)
    }
}

extension Problem {
    /// Why the parser did not take what came.
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
