import Conveyor
import HTTPTypes
import Hummingbird
import NIOCore
import Shop

/// `GET /orders/{id}/events`: an order's timeline as Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html), from the
/// beginning or after `Last-Event-ID`, then live.
///
/// The stream stays open after the order's end: a refund or a dispute may still come. It ends when the token expires, the account becomes
/// inactive, or this process stops; the client then reconnects.
struct OrderEventsController: Sendable {
    let authenticator: Authenticator
    let orders: OrderReader
    let timelines: TimelineReader
    let feed: ChangeFeed
    let streams: LiveStreams

    func add(to routes: inout Routes) { routes.api(.get, "/orders/{id}/events", self.stream) }

    @Sendable private func stream(_ request: Request, _ context: IngressContext) async throws -> Response {
        let (id, user) = try await self.orders.visible(context.parameter("id"), to: self.authenticator.user(request))
        // A browser's EventSource sends the header when it reconnects; the parameter is for the first request.
        let query = try Query(request).int("last_event_id", 0 ... .max)
        let last = request.headers[.lastEventID].flatMap { Int64($0) } ?? query ?? 0
        let place = try self.streams.admit(user.id)
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "private, no-store", .xAccelBuffering: "no"],
            body: .init { writer in
                try await self.send(id, after: last, to: user, writer, context.channel)
                withExtendedLifetime(place) {}
            })
    }

    /// The interval of polling, in case a change event is lost.
    private static let lookAgain = Duration.seconds(60)

    private func send(
        _ order: ID, after last: Int64, to user: Authenticator.User, _ writer: consuming any ResponseBodyWriter, _ channel: any Channel
    ) async throws {
        // Subscribes before reading, so that no entry in between is missed.
        let listener = self.feed.listen(to: order)
        let place = self.streams.join(listener)
        channel.onceClientLeaves { listener.leave() }
        defer {
            self.streams.leave(place)
            listener.cancel()
        }
        var last = last
        try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
        var lookedAt: ContinuousClock.Instant?
        while !self.streams.isOver, !listener.hasLeft, await self.authenticator.stillStands(user) {
            let now = ContinuousClock.now
            if let lookedAt, self.feed.isCurrent(at: now), now - lookedAt < Self.lookAgain {
                // Without news, a keep-alive comment.
                try await writer.write(ByteBuffer(string: ":\n\n"))
            } else {
                lookedAt = now
                try await writer.write(await self.news(of: order, after: &last))
            }
            if await listener.next() != nil { lookedAt = nil }
            try Task.checkCancellation()
        }
        channel.onceClientLeaves(nil)
        try await writer.finish(nil)
    }

    /// The entries after the last one as events; a comment if there are none, or the database does not answer.
    private func news(of order: ID, after last: inout Int64) async throws -> ByteBuffer {
        var buffer = ByteBuffer()
        do {
            for entry in try await self.timelines.entries(of: order, after: last) {
                buffer.writeString("id: \(entry.id)\nevent: \(entry.type)\ndata: ")
                buffer.writeBytes(try JSON.encode(entry))
                buffer.writeString("\n\n")
                last = entry.id
            }
        } catch let problem as Problem where problem.code == .databaseUnreachable {
            buffer.clear()
        }
        if buffer.readableBytes == 0 { buffer.writeString(":\n\n") }
        return buffer
    }
}

extension HTTPField.Name {
    static let xAccelBuffering = Self("X-Accel-Buffering")!
}
