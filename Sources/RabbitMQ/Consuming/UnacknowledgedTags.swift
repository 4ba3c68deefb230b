import DequeModule

/// The unacknowledged deliveries of one channel, and the fewest acks for those that are handled.
///
/// The broker closes a channel over a tag that is not outstanding (`406 unknown delivery tag`), so nothing is acknowledged twice, and
/// an ack with `multiple` always names an outstanding tag. The set holds at most as many tags as the prefetch: one that stays open for hours
/// costs the later ones nothing.
struct UnacknowledgedTags {
    private struct Entry {
        let tag: UInt64
        /// Whether it has been handled; the next acks cover it.
        var isSettled = false
    }

    /// Sorted by tag, ascending.
    private var entries: Deque<Entry> = []
    /// The number of handled entries.
    private var settled = 0

    /// The number of outstanding tags.
    var count: Int { self.entries.count }

    /// A delivery has arrived. The broker counts them from 1.
    mutating func deliver(_ tag: UInt64) {
        assert(self.entries.last.map { $0.tag < tag } ?? true, "deliveries are counted upwards")
        self.entries.append(Entry(tag: tag))
    }

    /// Marks a delivery, or with `multiple` all up to it, as handled. Ignores tags that are not outstanding.
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

    /// The acks to send: one with `multiple` for the handled prefix, and one for each tag behind an unhandled one.
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

    /// The index of a tag, by binary search.
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
