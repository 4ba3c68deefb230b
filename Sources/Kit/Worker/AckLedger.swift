/// Which deliveries of a channel are settled, and how few acknowledgements say so.
///
/// A pure value: deliveries are numbered by the broker from 1; what is settled without a gap from the oldest open one is one `multiple` acknowledgement,
/// what is settled behind an open one is acknowledged by itself, so a slow message holds nobody up.
struct AckLedger: Sendable {
    /// One `basic.ack`.
    struct Ack: Sendable, Equatable {
        var tag: UInt64
        var multiple: Bool
    }

    /// Every tag below is acknowledged.
    private var lowest: UInt64 = 1
    /// Tags from `lowest` on that were acknowledged out of order.
    private var ahead: Set<UInt64> = []

    /// What to send for these settled tags.
    mutating func settle(_ tags: [UInt64]) -> [Ack] {
        var fresh = Set(tags.filter { $0 >= self.lowest && !self.ahead.contains($0) })
        var acks: [Ack] = []
        var next = self.lowest
        var covered: UInt64?
        while true {
            if fresh.remove(next) != nil {
                covered = next
            } else if self.ahead.remove(next) == nil {
                break
            }
            next += 1
        }
        if let covered { acks.append(Ack(tag: covered, multiple: covered > self.lowest)) }
        self.lowest = next
        for tag in fresh.sorted() {
            acks.append(Ack(tag: tag, multiple: false))
            self.ahead.insert(tag)
        }
        return acks
    }
}
