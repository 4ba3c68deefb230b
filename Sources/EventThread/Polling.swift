import Glibc

/// The waits of all sources of a thread as one poll(2). Used on the thread only.
struct Polling {
    /// The wake-up descriptor, then one for each source.
    private var descriptors: [pollfd]
    /// By the monotonic clock, in nanoseconds; `Int64.max` for never.
    private var deadlines: [Int64] = []
    /// The end of the last poll.
    private var now: Int64 = 0

    init(wakeUpDescriptor: CInt) {
        self.descriptors = [pollfd(fd: wakeUpDescriptor, events: Int16(POLLIN), revents: 0)]
    }

    /// Starts over with `count` sources that wait for nothing.
    mutating func reset(count: Int) {
        self.descriptors.removeSubrange(1...)
        self.descriptors += Array(repeating: pollfd(fd: -1, events: 0, revents: 0), count: count)
        self.deadlines = Array(repeating: .max, count: count)
    }

    /// The readiness of a source's descriptor at the last poll.
    func readiness(_ index: Int) -> Readiness { Readiness(found: self.descriptors[index + 1].revents) }

    /// Whether the last poll was ended by a wake-up.
    var isWoken: Bool { self.descriptors[0].revents != 0 }

    /// Whether a source's wait is over: its descriptor is ready, or its deadline has passed.
    func isOver(_ index: Int) -> Bool { self.descriptors[index + 1].revents != 0 || self.deadlines[index] <= self.now }

    /// Sets a source's wait and clears its readiness.
    mutating func set(_ index: Int, _ wait: EventThread.Wait) {
        // A negative descriptor is skipped by poll(2).
        self.descriptors[index + 1] = pollfd(fd: wait.descriptor, events: wait.events.polled, revents: 0)
        self.deadlines[index] = wait.timeout.map { Self.time() + Readiness.nanoseconds($0) } ?? .max
    }

    /// Sleeps until a descriptor is ready, or the first wait is over; or, without blocking, only looks.
    mutating func poll(isBlocking: Bool = true) {
        let deadline = self.deadlines.min() ?? .max
        // Rounded up, so that a deadline has passed when the wait is over.
        let timeout: CInt = !isBlocking ? 0 : deadline == .max ? -1 : CInt(clamping: (max(0, deadline - Self.time()) + 999_999) / 1_000_000)
        let count = unsafe self.descriptors.withUnsafeMutableBufferPointer { descriptors in
            unsafe Glibc.poll(descriptors.baseAddress, nfds_t(descriptors.count), timeout)
        }
        // After a signal poll(2) leaves the results of the previous call.
        if count < 0 { for index in self.descriptors.indices { self.descriptors[index].revents = 0 } }
        if deadline != .max { self.now = Self.time() }
    }

    private static func time() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
