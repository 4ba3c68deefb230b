import DequeModule

/// The deliveries of one channel that are not acknowledged yet, and the fewest acks that say what has been.
///
/// The broker closes a channel over a tag that is not outstanding (`406 unknown delivery tag`), so nothing is acknowledged twice, and
/// an ack with `multiple` always names a tag that is. Only outstanding tags are kept, at most as many as the prefetch: one that is held for hours costs
/// nothing for those that come after it.
struct UnacknowledgedTags {
    private struct Entry {
        let tag: UInt64
        /// It has been handled; the next acks say so.
        var isSettled = false
    }

    /// By tag, ascending.
    private var entries: Deque<Entry> = []
    /// How many of them are settled.
    private var settled = 0

    /// How many tags are looked after.
    var count: Int { self.entries.count }

    /// A delivery has arrived. The broker counts them from 1.
    mutating func deliver(_ tag: UInt64) {
        assert(self.entries.last.map { $0.tag < tag } ?? true, "deliveries are counted upwards")
        self.entries.append(Entry(tag: tag))
    }

    /// A delivery, or with `multiple` all up to it, has been handled. What is not outstanding is ignored.
    mutating func acknowledge(_ tag: UInt64, multiple: Bool) {
        if multiple {
            for index in self.entries.indices {
                guard self.entries[index].tag <= tag else { return }
                self.settle(index)
            }
        } else if let index = self.index(of: tag) {
            self.settle(index)
        }
    }

    /// The acks to send: one for all up to a tag, and one each for those that have an outstanding one before them.
    mutating func takeAcks() -> (upTo: UInt64?, singles: [UInt64]) {
        guard self.settled > 0 else { return (nil, []) }
        var covered: UInt64?
        while let first = self.entries.first, first.isSettled {
            covered = first.tag
            self.entries.removeFirst()
            self.settled -= 1
        }
        guard self.settled > 0 else { return (covered, []) }
        let singles = self.entries.filter(\.isSettled).map(\.tag)
        self.entries.removeAll(where: \.isSettled)
        self.settled = 0
        return (covered, singles)
    }

    /// Where a tag is, by halves.
    private func index(of tag: UInt64) -> Int? {
        var (low, high) = (0, self.entries.count)
        while low < high {
            let middle = (low + high) / 2
            if self.entries[middle].tag < tag { low = middle + 1 } else { high = middle }
        }
        return low < self.entries.count && self.entries[low].tag == tag ? low : nil
    }

    private mutating func settle(_ index: Int) {
        guard !self.entries[index].isSettled else { return }
        self.entries[index].isSettled = true
        self.settled += 1
    }
}
