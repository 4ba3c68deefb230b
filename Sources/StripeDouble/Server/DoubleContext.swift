import Hummingbird
import NIOCore

/// A request's context with its connection, which faults may close.
struct DoubleContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        self.coreContext = .init(source: source)
        self.channel = source.channel
    }

    /// Closes the connection; the returned response is not sent.
    func closeConnection() async -> Response {
        try? await self.channel.close(mode: .all)
        return Response(status: .internalServerError)
    }
}
