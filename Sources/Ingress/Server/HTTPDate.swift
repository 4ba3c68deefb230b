import Glibc

/// The `Date` header (RFC 9110, section 5.6.7), formatted once per second.
struct HTTPDate {
    private var second: time_t = 0
    private var known = ""

    /// E.g. `Sun, 06 Nov 1994 08:49:37 GMT`.
    var text: String {
        mutating get {
            let now = time(nil)
            guard now != self.second else { return self.known }
            self.second = now
            self.known = Self.text(of: now)
            return self.known
        }
    }

    static func text(of time: time_t) -> String {
        var time = time
        var fields = tm()
        gmtime_r(&time, &fields)
        var text = [CChar](repeating: 0, count: 64)
        let count = strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &fields)
        return String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
