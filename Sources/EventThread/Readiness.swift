import Glibc

/// The events that a descriptor is polled for, or that poll(2) found.
public struct Readiness: OptionSet, Sendable {
    /// One bit each.
    public let rawValue: UInt8

    /// Reading, hang-up or error.
    public static let readable = Readiness(rawValue: 1)
    /// Writing, hang-up or error.
    public static let writable = Readiness(rawValue: 2)

    /// The set of the given bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Blocks the calling thread until `descriptor` is ready or `timeout` has passed. For an actor on an ``EventThread`` inside an
    /// operation that the next one must wait for anyway; a timeout of zero only looks.
    /// - Parameters:
    ///   - descriptor: The descriptor to poll; negative for none.
    ///   - events: The events to poll for.
    ///   - timeout: The longest wait, rounded up to a millisecond.
    /// - Returns: The readiness of `descriptor`; empty after the timeout or a signal.
    public static func poll(_ descriptor: CInt, for events: Readiness, timeout: Duration) -> Readiness {
        // A negative descriptor is skipped by poll(2).
        var polled = pollfd(fd: descriptor, events: events.polled, revents: 0)
        let count = unsafe Glibc.poll(&polled, 1, Self.milliseconds(timeout))
        return count > 0 ? Readiness(found: polled.revents) : []
    }

    /// The event bits for poll(2).
    var polled: Int16 {
        var events: Int16 = 0
        if self.contains(.readable) { events |= Int16(POLLIN) }
        if self.contains(.writable) { events |= Int16(POLLOUT) }
        return events
    }

    /// Reads the event bits of poll(2).
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
