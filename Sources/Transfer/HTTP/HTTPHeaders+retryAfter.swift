extension HTTPHeaders {
    /// How long `Retry-After` asks to wait (RFC 9110, section 10.2.3), a day at most. Nil if there is none, and for a date: nobody here is sent one.
    public var retryAfter: Duration? {
        guard let text = self["Retry-After"], !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        // More digits than a number has are a long time too.
        return .seconds(min(Int(text) ?? .max, 86_400))
    }
}
