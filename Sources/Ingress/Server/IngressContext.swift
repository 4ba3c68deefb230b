import Conveyor
import FoundationEssentials
import Hummingbird
import Logging
import NIOCore

/// What is known of a request beside itself.
struct IngressContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection's, or of HTTP/2 the stream's.
    let channel: any Channel
    /// Taken from `X-Request-ID`, or made.
    var requestID = ""
    /// The request in its trace, which the client began or it began itself.
    var trace = RequestTrace.none
    /// The address of the client: the connection's, or what a trusted proxy says.
    var client = IPAddress.unspecified

    init(source: Source) {
        self.coreContext = .init(source: source)
        self.channel = source.channel
    }

    /// The address that the connection comes from.
    var peer: IPAddress { self.channel.remoteAddress.flatMap { IPAddress($0) } ?? .unspecified }

    /// A parameter of the path, e.g. `{id}`; empty if it is not encoded as it should be.
    func parameter(_ name: String) -> String {
        guard let raw = self.parameters.get(name) else { return "" }
        return raw.utf8.contains(UInt8(ascii: "%")) ? PercentEncoding.decode(raw) ?? "" : raw
    }
}
