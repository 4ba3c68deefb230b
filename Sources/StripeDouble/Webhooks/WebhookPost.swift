import NIOCore
import NIOHTTP1
import NIOPosix

/// One POST of an event, on a connection of its own.
struct WebhookPost: Sendable {
    /// The endpoint closed before it answered, or took too long.
    enum Failure: Error { case closed, timedOut }

    let url: WebhookURL
    let body: String
    let signature: String

    /// Sends it so many times at once; true if one of them got a 2xx.
    func isTaken(copies: Int, timeout: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<copies {
                group.addTask { (try? await self.send(timeout: timeout)).map((200..<300).contains) ?? false }
            }
            return await group.reduce(false) { $0 || $1 }
        }
    }

    /// - Returns: the status of the answer; a redirect is a failure like any other.
    func send(timeout: Duration) async throws -> Int {
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.nanoseconds(Int64(timeout / .nanoseconds(1))))
            .connect(host: self.url.host, port: self.url.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(wrappingChannelSynchronously: channel)
                }
            }
        // Closing is what ends an exchange that takes too long: the read below then ends.
        let channel = connection.channel
        let deadline = channel.eventLoop.scheduleTask(in: .nanoseconds(Int64(timeout / .nanoseconds(1)))) { channel.close(promise: nil) }
        defer { deadline.cancel() }
        return try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(.head(self.head))
            try await outbound.write(.body(.byteBuffer(ByteBuffer(string: self.body))))
            try await outbound.write(.end(nil))
            for try await part in inbound {
                if case .head(let head) = part { return Int(head.status.code) }
            }
            throw Failure.closed
        }
    }

    private var head: HTTPRequestHead {
        let headers: HTTPHeaders = [
            "Host": "\(self.url.host):\(self.url.port)", "Content-Type": "application/json; charset=utf-8",
            "Content-Length": String(self.body.utf8.count), "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Accept": "*/*; q=0.5, application/xml", "Cache-Control": "no-cache", "Connection": "close", "Stripe-Signature": self.signature,
        ]
        return HTTPRequestHead(version: .http1_1, method: .POST, uri: self.url.target, headers: headers)
    }
}
