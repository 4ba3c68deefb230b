import Hummingbird
import NIOCore

/// A request's context; it knows its connection, for the faults that close it.
struct DoubleContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        self.coreContext = .init(source: source)
        self.channel = source.channel
    }

    /// Closes the connection; the answer that is returned then goes nowhere.
    func closeConnection() async -> Response {
        try? await self.channel.close(mode: .all)
        return Response(status: .internalServerError)
    }
}
