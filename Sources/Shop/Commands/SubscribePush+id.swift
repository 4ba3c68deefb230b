public import Conveyor
import Crypto

extension SubscribePush {
    /// The subscription's id, derived from its endpoint in normal form: scheme and host in lower case, without the default port (RFC 3986, section 6.2.3).
    public static func id(of endpoint: String) -> ID { ID(digest: SHA256.hash(data: Array(self.normal(endpoint).utf8))) }

    private static func normal(_ endpoint: String) -> String {
        guard let scheme = endpoint.firstRange(of: "://") else { return endpoint }
        let authority = endpoint[scheme.upperBound...].prefix { !"/?#".contains($0) }
        var start = endpoint[..<authority.endIndex].lowercased()
        for (scheme, port) in [("https://", ":443"), ("http://", ":80")] where start.hasPrefix(scheme) && start.hasSuffix(port) {
            start.removeLast(port.count)
        }
        let rest = endpoint[authority.endIndex...]
        return start + (rest.first == "/" ? "" : "/") + rest
    }
}
