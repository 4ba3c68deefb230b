extension HTTPHeaders {
    /// The wait in `Retry-After` (RFC 9110, section 10.2.3), at most a day. Nil if absent, or a date: no server that this client calls sends dates.
    public var retryAfter: Duration? {
        guard let text = self["Retry-After"], !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        // More digits than an integer holds mean a long time, too.
        return .seconds(min(Int(text) ?? .max, 86_400))
    }
}
