import Glibc

/// What a descriptor is polled for, and what it was found ready for.
public struct Readiness: OptionSet, Sendable {
    /// One bit each.
    public let rawValue: UInt8

    /// Reading, hang-up or error.
    public static let readable = Readiness(rawValue: 1)
    /// Writing, hang-up or error.
    public static let writable = Readiness(rawValue: 2)

    /// The set of the given bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Blocks the calling thread until `descriptor` is ready, `other` is readable, or `timeout` is over: what an actor on an
    /// ``EventThread`` uses in the midst of an operation that the next one must wait for anyway.
    /// - Parameters:
    ///   - descriptor: The descriptor to poll; negative for none.
    ///   - events: What to poll it for.
    ///   - other: A second descriptor that ends the wait when it is readable; negative for none.
    ///   - timeout: The longest wait, rounded up to a millisecond; nil for no end.
    /// - Returns: What `descriptor` is ready for; empty after the timeout, a signal, or when only `other` is ready.
    public static func poll(_ descriptor: CInt, for events: Readiness, or other: CInt = -1, timeout: Duration?) -> Readiness {
        var wanted: Int16 = 0
        if events.contains(.readable) { wanted |= Int16(POLLIN) }
        if events.contains(.writable) { wanted |= Int16(POLLOUT) }
        // A negative descriptor is skipped by poll(2).
        var descriptors = (
            pollfd(fd: descriptor, events: wanted, revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0)
        )
        let count = unsafe withUnsafeMutableBytes(of: &descriptors) { bytes in
            unsafe Glibc.poll(bytes.assumingMemoryBound(to: pollfd.self).baseAddress, 2, timeout.map(Self.milliseconds) ?? -1)
        }
        guard count > 0 else { return [] }
        let found = descriptors.0.revents
        if found & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 { return [.readable, .writable] }
        var ready: Readiness = []
        if found & Int16(POLLIN) != 0 { ready.insert(.readable) }
        if found & Int16(POLLOUT) != 0 { ready.insert(.writable) }
        return ready
    }

    /// Rounded up, so that a deadline has passed when the wait is over.
    private static func milliseconds(_ duration: Duration) -> CInt {
        let (seconds, attoseconds) = duration.components
        guard seconds < 1_000_000 else { return 1_000_000_000 }
        return max(0, CInt(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
    }
}
