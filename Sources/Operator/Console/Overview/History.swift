import DequeModule
import Kit

/// What was measured in the last hour.
struct History: Sendable {
    /// One queue at one moment.
    struct Sample: Sendable {
        var at: Int64
        var queue: String
        var waiting: Double
        var retrying: Double
        var dead: Double
        /// Messages a second into the queue and out of it.
        var publishRate: Double
        var deliverRate: Double
    }

    /// Milliseconds.
    static let span: Int64 = 3_600_000
    private var samples: Deque<Sample> = []

    mutating func add(_ new: [Sample]) {
        self.samples.append(contentsOf: new)
        guard let latest = self.samples.last?.at else { return }
        while let first = self.samples.first, first.at < latest - Self.span { self.samples.removeFirst() }
    }

    /// A quantity in equal steps up to `end`: of each step the mean of what was measured of each queue in it, added up over the queues; nil where
    /// nothing was.
    func series(of quantity: (Sample) -> Double, queue: String? = nil, end: Int64, step: Int64, count: Int) -> [Double?] {
        let start = end - step * Int64(count)
        var sums: [[String: (sum: Double, count: Int)]] = Array(repeating: [:], count: count)
        for sample in self.samples where sample.at > start && sample.at <= end && (queue == nil || sample.queue == queue) {
            let index = min(count - 1, Int((sample.at - start - 1) / step))
            sums[index][sample.queue, default: (0, 0)].sum += quantity(sample)
            sums[index][sample.queue, default: (0, 0)].count += 1
        }
        return sums.map { step in step.isEmpty ? nil : step.values.reduce(0) { $0 + $1.sum / Double($1.count) } }
    }
}
