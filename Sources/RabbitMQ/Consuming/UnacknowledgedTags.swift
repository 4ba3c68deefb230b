import DequeModule

/// The deliveries of one channel that are not acknowledged yet, and the fewest acks that say what has been.
///
/// The broker closes a channel over a tag that is not outstanding (`406 unknown delivery tag`), so nothing is acknowledged twice, and
/// an ack with `multiple` always names a tag that is.
struct UnacknowledgedTags {
    /// One bit a tag, from ``firstTag`` on.
    private var isOutstanding: Deque<Bool> = []
    private var firstTag: UInt64 = 1
    /// Acknowledged since the last ``takeAcks()``.
    private var fresh: [UInt64] = []

    /// How many tags are looked after, those between outstanding ones included.
    var count: Int { self.isOutstanding.count }

    /// A delivery has arrived. The broker counts them from 1.
    mutating func deliver(_ tag: UInt64) {
        assert(tag == self.firstTag + UInt64(self.isOutstanding.count), "deliveries are counted without gaps")
        self.isOutstanding.append(true)
    }

    /// A delivery, or with `multiple` all up to it, has been handled. What is not outstanding is ignored.
    mutating func acknowledge(_ tag: UInt64, multiple: Bool) {
        guard tag >= self.firstTag, !self.isOutstanding.isEmpty else { return }
        let offset = Int(min(tag - self.firstTag, UInt64(self.isOutstanding.count - 1)))
        if multiple {
            for index in 0...offset { self.settle(index) }
        } else if self.firstTag + UInt64(offset) == tag {
            self.settle(offset)
        }
    }

    /// The acks to send: one for all up to a tag, and one each for those that have an outstanding one before them.
    mutating func takeAcks() -> (upTo: UInt64?, singles: [UInt64]) {
        guard !self.fresh.isEmpty else { return (nil, []) }
        while self.isOutstanding.first == false {
            self.isOutstanding.removeFirst()
            self.firstTag += 1
        }
        let fresh = self.fresh
        self.fresh.removeAll(keepingCapacity: true)
        let covered = fresh.filter { $0 < self.firstTag }.max()
        return (covered, covered == nil ? fresh : fresh.filter { $0 >= self.firstTag })
    }

    private mutating func settle(_ index: Int) {
        guard self.isOutstanding[index] else { return }
        self.isOutstanding[index] = false
        self.fresh.append(self.firstTag + UInt64(index))
    }
}
