import CCurl
import Glibc

extension HTTPHeaders {
    /// The wait in `Retry-After`, from now, at most a day: seconds or a date (RFC 9110, section 10.2.3). Nil if absent or neither.
    public var retryAfter: Duration? {
        guard let text = self["Retry-After"], !text.isEmpty else { return nil }
        // More digits than an integer holds mean a long time, too.
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return .seconds(min(Int(text) ?? .max, 86_400)) }
        guard text.hasSuffix(" GMT"), !text.utf8.contains(0) else { return nil }
        let date = unsafe curl_getdate(text, nil)
        guard date >= 0 else { return nil }
        let now = unsafe time(nil)
        return .seconds(min(max(date - now, 0), 86_400))
    }
}
