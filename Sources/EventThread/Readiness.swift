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
        // A negative descriptor is skipped by poll(2).
        var descriptors = (
            pollfd(fd: descriptor, events: events.polled, revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0)
        )
        let count = unsafe withUnsafeMutableBytes(of: &descriptors) { bytes in
            unsafe Glibc.poll(bytes.assumingMemoryBound(to: pollfd.self).baseAddress, 2, timeout.map(Self.milliseconds) ?? -1)
        }
        return count > 0 ? Readiness(found: descriptors.0.revents) : []
    }

    /// As poll(2) takes it.
    var polled: Int16 {
        var events: Int16 = 0
        if self.contains(.readable) { events |= Int16(POLLIN) }
        if self.contains(.writable) { events |= Int16(POLLOUT) }
        return events
    }

    /// As poll(2) answers it.
    init(found: Int16) {
        if found & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 {
            self = [.readable, .writable]
        } else {
            self = []
            if found & Int16(POLLIN) != 0 { self.insert(.readable) }
            if found & Int16(POLLOUT) != 0 { self.insert(.writable) }
        }
    }

    /// Rounded up, so that a deadline has passed when the wait is over.
    private static func milliseconds(_ duration: Duration) -> CInt { CInt(clamping: (self.nanoseconds(duration) + 999_999) / 1_000_000) }

    /// At most a century.
    static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return max(0, min(seconds, 3_000_000_000)) * 1_000_000_000 + max(0, (attoseconds + 999_999_999) / 1_000_000_000)
    }
}
