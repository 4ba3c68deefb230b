import Conveyor
import FoundationEssentials
import Hummingbird
import Logging
import NIOCore

/// The context of a request.
struct IngressContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The channel of the connection, or of the HTTP/2 stream.
    let channel: any Channel
    /// From `X-Request-ID`, or generated.
    var requestID = ""
    /// The request's span, in the client's trace or a new one.
    var trace = RequestTrace.none
    /// The client's address: the connection's, or the one that a trusted proxy reports.
    var client = IPAddress.unspecified

    init(source: Source) {
        self.coreContext = .init(source: source)
        self.channel = source.channel
    }

    /// The remote address of the connection.
    var peer: IPAddress { self.channel.remoteAddress.flatMap { IPAddress($0) } ?? .unspecified }

    /// A parameter of the path, e.g. `{id}`; empty if its percent-encoding is broken.
    func parameter(_ name: String) -> String {
        guard let raw = self.parameters.get(name) else { return "" }
        return raw.utf8.contains(UInt8(ascii: "%")) ? PercentEncoding.decode(raw) ?? "" : raw
    }
}
