import Conveyor
import FoundationEssentials
import Postgres

/// The work queues in the last hour, in equal steps, as measured by the recorder.
struct History: Sendable {
    /// The averages of a queue's measurements in one step.
    struct Point: Sendable {
        var waiting: Double
        var retrying: Double
        var dead: Double
        /// Messages per second into the queue and out of it.
        var publishRate: Double
        var deliverRate: Double
    }

    /// Milliseconds.
    static let step: Int64 = 30_000
    static let steps = 120

    /// When it ends, in milliseconds since 1970.
    let end: Int64
    /// The queues' points; nil without measurements.
    let queues: [String: [Point?]]

    /// The time of the first step.
    var start: Int64 { self.end - Self.step * Int64(Self.steps - 1) }

    /// A quantity of one queue, or of all together; nil without measurements.
    func series(_ quantity: (Point) -> Double, of queue: String? = nil) -> [Double?] {
        let all = queue.map { [self.queues[$0] ?? []] } ?? Array(self.queues.values)
        return (0..<Self.steps).map { step in
            let points = all.compactMap { $0.indices.contains(step) ? $0[step] : nil }
            return points.isEmpty ? nil : points.reduce(0) { $0 + quantity($1) }
        }
    }
}

extension History {
    private static let read: Statement = """
        select queue, floor(extract(epoch from $1::timestamptz - at) / 30)::int4 as steps_ago, avg(ready + unacked)::float8, avg(retrying)::float8,
               avg(dead)::float8, avg(publish_rate), avg(deliver_rate)
        from queue_samples where at > $1::timestamptz - interval '1 hour' and at <= $1 group by queue, steps_ago
        """

    /// The hour up to `end`, in milliseconds since 1970.
    init(end: Int64, in pool: PostgresPool) async throws {
        var queues: [String: [Point?]] = [:]
        for row in try await pool.query(Self.read, Clock.date(milliseconds: end)) {
            let (queue, ago, waiting, retrying, dead, publish, deliver) = try row.decode(
                (String, Int32, Double, Double, Double, Double, Double).self)
            guard 0..<Int32(Self.steps) ~= ago else { continue }
            queues[queue, default: Array(repeating: nil, count: Self.steps)][Self.steps - 1 - Int(ago)] = Point(
                waiting: waiting, retrying: retrying, dead: dead, publishRate: publish, deliverRate: deliver)
        }
        self.init(end: end, queues: queues)
    }

    /// An empty history.
    static func empty(end: Int64) -> History { History(end: end, queues: [:]) }
}
