import HTTPTypes
import Hummingbird

extension Request {
    /// Whether `Accept-Encoding` contains gzip or `*` with a weight other than 0 (RFC 9110, section 12.5.3).
    var acceptsGzip: Bool {
        var any: Bool?
        for header in self.headers[values: .acceptEncoding] {
            for coding in header.split(separator: ",") {
                let parts = coding.split(separator: ";", omittingEmptySubsequences: false).map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
                let isWanted = !parts.dropFirst().contains { $0.hasPrefix("q=") && Double($0.dropFirst(2)).map { $0 <= 0 } ?? true }
                switch parts[0] {
                case "gzip", "x-gzip": return isWanted
                case "*": any = isWanted
                default: break
                }
            }
        }
        return any ?? false
    }
}
